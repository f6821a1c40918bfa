import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.contract.AbstractBondedFSContract;

/** What Hadoop may expect of the connector: as its own makers state it, in contract/gs.xml. */
final class GatewayContract extends AbstractBondedFSContract {
  GatewayContract(Configuration configuration) {
    super(configuration);
    addConfResource("contract/gs.xml");
  }

  @Override
  public String getScheme() {
    return "gs";
  }
}
