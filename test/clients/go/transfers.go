package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"hash/crc32"
	"io"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
)

const mib = 1024 * 1024

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var transfers = []feature{
	{"upload-simple", func(s *scene) {
		s.make(nil)
		content := noise(3*mib + 17)
		for name, size := range map[string]int{"empty": 0, "small ü?#%": 14, "dir/large": len(content)} {
			w := s.object(name).NewWriter(s.ctx)
			w.ChunkSize = 0
			w.ContentType = "text/x"
			attrs := s.write(w, content[:size])
			equal(attrs.Size, int64(size))
			equal(attrs.ContentType, "text/x")
			same(s.read(s.object(name)), content[:size])
		}
	}},
	{"upload-resumable", func(s *scene) {
		s.make(nil)
		content := noise(9*mib + 17)
		for _, chunk := range []int{256 * 1024, 2 * mib, 16 * mib} {
			var progress int64
			w := s.object("chunked").NewWriter(s.ctx)
			w.ChunkSize = chunk
			w.ProgressFunc = func(done int64) { progress = done }
			equal(s.write(w, content).Size, int64(len(content)))
			equal(progress >= int64(len(content)/chunk*chunk), true)
			same(s.read(s.object("chunked")), content)
		}
		// The end falls on the end of a chunk.
		w := s.object("exact").NewWriter(s.ctx)
		w.ChunkSize = mib
		s.write(w, content[:4*mib])
		same(s.read(s.object("exact")), content[:4*mib])
	}},
	{"upload-resumed", func(s *scene) {
		s.make(nil)
		content := noise(9 * mib)
		ctx, completed := s.faults(map[string][]string{
			"storage.objects.insert": {"return-reset-connection-after-2304K", "return-503-after-5120K"},
		})
		w := s.object("cut").Retryer(storage.WithPolicy(storage.RetryAlways)).NewWriter(ctx)
		w.ChunkSize = 4 * mib
		attrs := s.write(w, content)
		completed()
		equal(attrs.CRC32C, crc32.Checksum(content, castagnoli))
		same(s.read(s.object("cut")), content)
	}},
	{"download", func(s *scene) {
		s.make(nil)
		content := noise(9*mib + 17)
		s.put("large", string(content))
		reader := must(s.object("large").NewReader(s.ctx))
		equal(reader.Attrs.Size, int64(len(content)))
		same(must(io.ReadAll(reader)), content)
		ok(reader.Close())
		_, err := s.object("none").NewReader(s.ctx)
		failsWith(err, storage.ErrObjectNotExist)
		_, err = s.client.Bucket("go-no-such-bucket").Object("none").NewReader(s.ctx)
		failsWith(err, storage.ErrObjectNotExist)
		// A download that breaks off is taken up again by range.
		ctx, completed := s.faults(map[string][]string{"storage.objects.get": {"return-broken-stream-after-256K"}})
		reader = must(s.object("large").NewReader(ctx))
		same(must(io.ReadAll(reader)), content)
		completed()
	}},
	{"ranges", func(s *scene) {
		s.make(nil)
		content := noise(3 * mib)
		s.put("ranged", string(content))
		for _, r := range []struct{ offset, length, from, to int64 }{
			{0, 1, 0, 1},
			{1_000_000, 100, 1_000_000, 1_000_100},
			{2_000_000, -1, 2_000_000, 3 * mib},
			{-5, -1, 3*mib - 5, 3 * mib},
			{3*mib - 1, 100, 3*mib - 1, 3 * mib},
		} {
			reader := must(s.object("ranged").NewRangeReader(s.ctx, r.offset, r.length))
			equal(reader.Attrs.Size, int64(len(content)))
			equal(reader.Attrs.StartOffset, r.from)
			same(must(io.ReadAll(reader)), content[r.from:r.to])
			ok(reader.Close())
		}
		_, err := s.object("ranged").NewRangeReader(s.ctx, 3*mib, 1)
		fails(err, 416)
	}},
	{"gzip", func(s *scene) {
		s.make(nil)
		content := bytes.Repeat([]byte("a line that repeats itself\n"), 10_000)
		var packed bytes.Buffer
		zipper := gzip.NewWriter(&packed)
		_, err := zipper.Write(content)
		ok(err)
		ok(zipper.Close())
		w := s.object("packed").NewWriter(s.ctx)
		w.ContentEncoding, w.ContentType = "gzip", "text/plain"
		equal(s.write(w, packed.Bytes()).Size, int64(packed.Len()))
		// It comes compressed, and the client unpacks it. ReadCompressed sets a header that the client refuses with JSON.
		reader := must(s.object("packed").NewReader(s.ctx))
		equal(reader.Attrs.Decompressed, true)
		same(must(io.ReadAll(reader)), content)
		// Without the encoding they are bytes as any others.
		must(s.object("packed").Update(s.ctx, storage.ObjectAttrsToUpdate{ContentEncoding: ""}))
		same(s.read(s.object("packed")), packed.Bytes())
	}},
	{"checksums", func(s *scene) {
		s.make(nil)
		content := noise(mib)
		sum, wrong := crc32.Checksum(content, castagnoli), crc32.Checksum([]byte("other"), castagnoli)
		digest := md5.Sum(content)
		for _, chunk := range []int{0, 256 * 1024} {
			declared := func(crc uint32, md []byte) error {
				w := s.object("checked").If(storage.Conditions{DoesNotExist: true}).NewWriter(s.ctx)
				w.ChunkSize, w.CRC32C, w.SendCRC32C, w.MD5 = chunk, crc, crc != 0, md
				if _, err := w.Write(content); err != nil {
					return err
				}
				return w.Close()
			}
			fails(declared(wrong, nil), 400)
			other := md5.Sum([]byte("other"))
			fails(declared(0, other[:]), 400)
			_, err := s.object("checked").Attrs(s.ctx)
			failsWith(err, storage.ErrObjectNotExist)
			ok(declared(sum, digest[:]))
			attrs := must(s.object("checked").Attrs(s.ctx))
			equal(attrs.CRC32C, sum)
			equal(attrs.MD5, digest[:])
			// The reader compares the bytes with the checksum that came with them.
			reader := must(s.object("checked").NewReader(s.ctx))
			equal(reader.Attrs.CRC32C, sum)
			same(must(io.ReadAll(reader)), content)
			ok(s.object("checked").Delete(s.ctx))
		}
	}},
	{"retries", func(s *scene) {
		s.make(nil)
		s.put("there", "content")
		quick := storage.WithBackoff(gax.Backoff{Initial: 10 * time.Millisecond})
		ctx, completed := s.faults(map[string][]string{
			"storage.buckets.get":    {"return-503", "return-503"},
			"storage.objects.list":   {"return-503"},
			"storage.objects.get":    {"return-503", "return-reset-connection"},
			"storage.objects.insert": {"return-503"},
			"storage.objects.delete": {"return-503"},
		})
		bucket := s.bucket.Retryer(quick)
		must(bucket.Attrs(ctx))
		equal(names(bucket.Objects(ctx, nil)), []string{"there"})
		must(bucket.Object("there").Attrs(ctx))
		s.write(bucket.Object("new").If(storage.Conditions{DoesNotExist: true}).NewWriter(ctx), []byte("new"))
		there := must(bucket.Object("there").Attrs(s.ctx))
		ok(bucket.Object("there").Generation(there.Generation).Delete(ctx))
		completed()
		equal(names(s.bucket.Objects(s.ctx, nil)), []string{"new"})
		// What may not be repeated is not.
		ctx, _ = s.faults(map[string][]string{"storage.objects.insert": {"return-503"}})
		w := bucket.Object("unguarded").NewWriter(ctx)
		w.ChunkSize = 0
		_, err := w.Write([]byte("x"))
		ok(err)
		fails(w.Close(), 503)
	}},
}

func copied(ctx context.Context, c *storage.Copier) *storage.ObjectAttrs { return must(c.Run(ctx)) }
