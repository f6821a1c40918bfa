import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.contract.ContractTestUtils;
import org.junit.Test;

/** What table formats build their commits on: of many that create one file, one does, and it is that one's. */
public class CreateRace {
  private static final int WRITERS = 8;
  private static final int ROUNDS = 10;

  @Test
  public void oneOfManyCreates() throws Exception {
    Configuration configuration = new Configuration();
    configuration.addResource("contract/gs.xml");
    Path folder = new Path(configuration.get("fs.contract.test.fs.gs"), "race");
    FileSystem files = folder.getFileSystem(configuration);
    ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
    try {
      for (int round = 0; round < ROUNDS; round++) {
        Path path = new Path(folder, "version-" + round);
        List<Integer> won = race(files, path, threads);
        assertEquals("writers that were told that the file is theirs", 1, won.size());
        byte[] found = ContractTestUtils.readDataset(files, path, 1);
        assertArrayEquals(new byte[] {won.get(0).byteValue()}, found);
      }
    } finally {
      threads.shutdown();
    }
  }

  private static List<Integer> race(FileSystem files, Path path, ExecutorService threads) throws Exception {
    CyclicBarrier start = new CyclicBarrier(WRITERS);
    List<Callable<Boolean>> writers = new ArrayList<>();
    for (int writer = 0; writer < WRITERS; writer++) {
      byte own = (byte) writer;
      writers.add(
          () -> {
            start.await();
            try (FSDataOutputStream stream = files.create(path, false)) {
              stream.write(own);
            } catch (IOException lost) {
              return false;
            }
            return true;
          });
    }
    List<Integer> won = new ArrayList<>();
    List<Future<Boolean>> outcomes = threads.invokeAll(writers);
    for (int writer = 0; writer < WRITERS; writer++) {
      if (outcomes.get(writer).get()) {
        won.add(writer);
      }
    }
    return won;
  }
}
