package main

import (
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
)

func names(objects *storage.ObjectIterator) []string {
	var found []string
	for _, attrs := range drain(objects.Next, iterator.Done) {
		found = append(found, attrs.Prefix+attrs.Name)
	}
	return found
}

func (s *scene) list(q *storage.Query) []string { return names(s.bucket.Objects(s.ctx, q)) }

var objects = []feature{
	{"list", func(s *scene) {
		s.make(nil)
		all := []string{"a", "b/1", "b/2", "c", "d/1", "d/2/x", "e/", "ü"}
		for _, name := range all {
			s.put(name, "x")
		}
		equal(s.list(nil), all)
		equal(s.list(&storage.Query{Prefix: "b/"}), []string{"b/1", "b/2"})
		equal(s.list(&storage.Query{Delimiter: "/"}), []string{"a", "c", "ü", "b/", "d/", "e/"})
		equal(s.list(&storage.Query{Delimiter: "/", Prefix: "d/"}), []string{"d/1", "d/2/"})
		trailing := &storage.Query{Delimiter: "/", IncludeTrailingDelimiter: true, Prefix: "e"}
		equal(s.list(trailing), []string{"e/", "e/"})
		equal(s.list(&storage.Query{StartOffset: "b/2", EndOffset: "d/2"}), []string{"b/2", "c", "d/1"})
		for _, size := range []int{1, 3, 100} {
			pager := iterator.NewPager(s.bucket.Objects(s.ctx, nil), size, "")
			var paged []string
			for token := "more"; token != ""; {
				var page []*storage.ObjectAttrs
				token = must(pager.NextPage(&page))
				if len(page) > size {
					panic("a page that is too long")
				}
				for _, attrs := range page {
					paged = append(paged, attrs.Name)
				}
			}
			equal(paged, all)
		}
		selected := &storage.Query{Prefix: "a"}
		ok(selected.SetAttrSelection([]string{"Name", "Size"}))
		only := must(s.bucket.Objects(s.ctx, selected).Next())
		equal([]any{only.Name, only.Size, only.Generation}, []any{"a", int64(1), int64(0)})
	}},
	{"glob", func(s *scene) {
		s.make(nil)
		for _, name := range []string{"logs/a.txt", "logs/b.csv", "logs/deep/c.txt", "other/d.txt"} {
			s.put(name, "x")
		}
		equal(s.list(&storage.Query{MatchGlob: "logs/*.txt"}), []string{"logs/a.txt"})
		equal(s.list(&storage.Query{MatchGlob: "**/*.txt"}), []string{"logs/a.txt", "logs/deep/c.txt", "other/d.txt"})
		equal(s.list(&storage.Query{MatchGlob: "logs/?.{csv,txt}"}), []string{"logs/a.txt", "logs/b.csv"})
		equal(s.list(&storage.Query{MatchGlob: "**/[a-c].txt"}), []string{"logs/a.txt", "logs/deep/c.txt"})
	}},
	{"versions", func(s *scene) {
		s.make(&storage.BucketAttrs{VersioningEnabled: true})
		first := s.put("kept", "one")
		second := s.put("kept", "two")
		ok(s.object("kept").Delete(s.ctx))
		_, err := s.object("kept").Attrs(s.ctx)
		failsWith(err, storage.ErrObjectNotExist)
		equal(s.list(nil), []string(nil))
		equal(s.list(&storage.Query{Versions: true}), []string{"kept", "kept"})
		same(s.read(s.object("kept").Generation(first.Generation)), []byte("one"))
		old := must(s.object("kept").Generation(second.Generation).Attrs(s.ctx))
		equal(old.Deleted.IsZero(), false)
		copied(s.ctx, s.object("kept").CopierFrom(s.object("kept").Generation(first.Generation)))
		same(s.read(s.object("kept")), []byte("one"))
		ok(s.object("kept").Generation(second.Generation).Delete(s.ctx))
		equal(s.list(&storage.Query{Versions: true}), []string{"kept", "kept"})
		_, err = s.object("kept").Generation(second.Generation).NewReader(s.ctx)
		failsWith(err, storage.ErrObjectNotExist)
	}},
	{"copy", func(s *scene) {
		s.make(nil)
		w := s.object("source").NewWriter(s.ctx)
		w.ContentType, w.Metadata = "text/x", map[string]string{"color": "blue"}
		source := s.write(w, noise(3*mib))
		copy := copied(s.ctx, s.object("copy").CopierFrom(s.object("source")))
		equal([]any{copy.ContentType, copy.Metadata, copy.CRC32C}, []any{"text/x", source.Metadata, source.CRC32C})
		changing := s.object("changed").CopierFrom(s.object("source"))
		changing.ContentType, changing.StorageClass = "text/y", "NEARLINE"
		changed := copied(s.ctx, changing)
		equal([]any{changed.ContentType, changed.StorageClass}, []any{"text/y", "NEARLINE"})
		equal(changed.Metadata, map[string]string(nil))
		stale := s.object("source").If(storage.Conditions{GenerationMatch: source.Generation + 1})
		_, err := s.object("copy").CopierFrom(stale).Run(s.ctx)
		fails(err, 412)
		other := s.client.Bucket(s.name + "-other")
		ok(other.Create(s.ctx, project, nil))
		equal(copied(s.ctx, other.Object("copy").CopierFrom(s.object("source"))).CRC32C, source.CRC32C)
		same(s.read(other.Object("copy")), noise(3*mib))
	}},
	{"rewrite", func(s *scene) {
		s.make(nil)
		content := noise(4*mib + 5)
		s.put("source", string(content))
		other := s.client.Bucket(s.name + "-other")
		ok(other.Create(s.ctx, project, nil))
		key := noise(32)
		var progress []uint64
		rewriting := other.Object("rewritten").Key(key).CopierFrom(s.object("source"))
		rewriting.ProgressFunc = func(done, total uint64) { progress = append(progress, done) }
		copied(s.ctx, rewriting)
		equal(progress, []uint64{mib, 2 * mib, 3 * mib, 4 * mib, 4*mib + 5})
		same(s.read(other.Object("rewritten").Key(key)), content)
	}},
	{"compose", func(s *scene) {
		s.make(nil)
		var sources []*storage.ObjectHandle
		var whole string
		for i := range 32 {
			part := fmt.Sprintf("part %d;", i)
			s.put(fmt.Sprintf("part/%d", i), part)
			sources, whole = append(sources, s.object(fmt.Sprintf("part/%d", i))), whole+part
		}
		composer := s.object("composed").ComposerFrom(sources...)
		composer.ContentType = "text/x"
		attrs := must(composer.Run(s.ctx))
		equal([]any{attrs.ComponentCount, attrs.ContentType, len(attrs.MD5)}, []any{int64(32), "text/x", 0})
		same(s.read(s.object("composed")), []byte(whole))
		s.compose("twice", "composed", "part/1")
		same(s.read(s.object("twice")), []byte(whole+"part 1;"))
		_, err := s.object("composed").If(storage.Conditions{DoesNotExist: true}).ComposerFrom(sources[0]).Run(s.ctx)
		fails(err, 412)
		_, err = s.object("none").ComposerFrom(s.object("missing")).Run(s.ctx)
		fails(err, 404)
	}},
	{"move", func(s *scene) {
		s.make(nil)
		source := s.put("from", "moved")
		s.put("taken", "taken")
		free := &storage.Conditions{DoesNotExist: true}
		_, err := s.object("from").Move(s.ctx, storage.MoveObjectDestination{Object: "taken", Conditions: free})
		fails(err, 412)
		attrs := must(s.object("from").Move(s.ctx, storage.MoveObjectDestination{Object: "to", Conditions: free}))
		equal([]any{attrs.Name, attrs.CRC32C}, []any{"to", source.CRC32C})
		same(s.read(s.object("to")), []byte("moved"))
		equal(s.list(nil), []string{"taken", "to"})
	}},
	{"preconditions", func(s *scene) {
		s.make(nil)
		one := s.write(s.object("guarded").If(storage.Conditions{DoesNotExist: true}).NewWriter(s.ctx), []byte("one"))
		again := func(conditions storage.Conditions, chunk int) error {
			w := s.object("guarded").If(conditions).NewWriter(s.ctx)
			w.ChunkSize = chunk
			_, err := w.Write([]byte("two"))
			return errors.Join(err, w.Close())
		}
		for _, chunk := range []int{0, 256 * 1024} {
			fails(again(storage.Conditions{DoesNotExist: true}, chunk), 412)
			fails(again(storage.Conditions{GenerationMatch: one.Generation + 1}, chunk), 412)
		}
		read := func(conditions storage.Conditions) error {
			_, err := s.object("guarded").If(conditions).NewReader(s.ctx)
			return err
		}
		ok(read(storage.Conditions{GenerationMatch: one.Generation, MetagenerationMatch: 1}))
		fails(read(storage.Conditions{GenerationMatch: one.Generation + 1}), 412)
		notModified(read(storage.Conditions{GenerationNotMatch: one.Generation}))
		_, err := s.object("guarded").If(storage.Conditions{MetagenerationNotMatch: 1}).Attrs(s.ctx)
		notModified(err)
		update := storage.ObjectAttrsToUpdate{ContentType: "text/x"}
		_, err = s.object("guarded").If(storage.Conditions{MetagenerationMatch: 2}).Update(s.ctx, update)
		fails(err, 412)
		equal(must(s.object("guarded").If(storage.Conditions{MetagenerationMatch: 1}).Update(s.ctx, update)).Metageneration, int64(2))
		fails(s.object("guarded").If(storage.Conditions{GenerationMatch: one.Generation + 1}).Delete(s.ctx), 412)
		ok(again(storage.Conditions{GenerationMatch: one.Generation}, 0))
		same(s.read(s.object("guarded")), []byte("two"))
		fails(s.bucket.If(storage.BucketConditions{MetagenerationMatch: 9}).Delete(s.ctx), 412)
	}},
	{"metadata", func(s *scene) {
		s.make(nil)
		noon := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
		w := s.object("described").NewWriter(s.ctx)
		w.Metadata, w.CustomTime = map[string]string{"color": "blue", "ключ": "значение"}, noon
		w.CacheControl, w.ContentDisposition, w.ContentLanguage = "no-store", "attachment", "de"
		s.write(w, []byte("x"))
		found := must(s.object("described").Attrs(s.ctx))
		equal(found.Metadata, map[string]string{"color": "blue", "ключ": "значение"})
		equal(found.CustomTime.Equal(noon), true)
		equal([]string{found.CacheControl, found.ContentDisposition, found.ContentLanguage}, []string{"no-store", "attachment", "de"})
		found = must(s.object("described").Update(s.ctx, storage.ObjectAttrsToUpdate{
			Metadata: map[string]string{"shape": "round"}, CacheControl: "", CustomTime: noon.Add(time.Hour),
		}))
		equal([]any{found.Metadata["shape"], found.CacheControl, found.Metageneration}, []any{"round", "", int64(2)})
		_, err := s.object("described").Update(s.ctx, storage.ObjectAttrsToUpdate{CustomTime: noon})
		fails(err, 400)
		found = must(s.object("described").Update(s.ctx, storage.ObjectAttrsToUpdate{Metadata: map[string]string{}}))
		equal(found.Metadata, map[string]string(nil))
	}},
	{"contexts", func(s *scene) {
		s.make(nil)
		w := s.object("tagged").NewWriter(s.ctx)
		w.Contexts = &storage.ObjectContexts{Custom: map[string]storage.ObjectCustomContextPayload{"kind": {Value: "invoice"}}}
		s.write(w, []byte("x"))
		s.put("plain", "x")
		equal(must(s.object("tagged").Attrs(s.ctx)).Contexts.Custom["kind"].Value, "invoice")
		equal(s.list(&storage.Query{Filter: `contexts."kind"="invoice"`}), []string{"tagged"})
		equal(s.list(&storage.Query{Filter: `-contexts."kind":*`}), []string{"plain"})
		found := must(s.object("tagged").Update(s.ctx, storage.ObjectAttrsToUpdate{Contexts: &storage.ObjectContexts{
			Custom: map[string]storage.ObjectCustomContextPayload{"kind": {Delete: true}, "state": {Value: "paid"}},
		}}))
		equal([]any{len(found.Contexts.Custom), found.Contexts.Custom["state"].Value}, []any{1, "paid"})
	}},
	{"soft-delete", func(s *scene) {
		s.make(&storage.BucketAttrs{SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: 7 * 24 * time.Hour}})
		lost := s.put("lost", "found again")
		ok(s.object("lost").Delete(s.ctx))
		equal(s.list(nil), []string(nil))
		equal(s.list(&storage.Query{SoftDeleted: true}), []string{"lost"})
		gone := must(s.object("lost").Generation(lost.Generation).SoftDeleted().Attrs(s.ctx))
		equal(gone.HardDeleteTime.Sub(gone.SoftDeleteTime), 7*24*time.Hour)
		back := must(s.object("lost").Generation(lost.Generation).Restore(s.ctx, &storage.RestoreOptions{CopySourceACL: true}))
		equal(back.Generation > lost.Generation, true)
		same(s.read(s.object("lost")), []byte("found again"))
	}},
	{"holds", func(s *scene) {
		s.make(nil)
		s.put("held", "x")
		for _, hold := range []func(on bool) storage.ObjectAttrsToUpdate{
			func(on bool) storage.ObjectAttrsToUpdate { return storage.ObjectAttrsToUpdate{TemporaryHold: on} },
			func(on bool) storage.ObjectAttrsToUpdate { return storage.ObjectAttrsToUpdate{EventBasedHold: on} },
		} {
			must(s.object("held").Update(s.ctx, hold(true)))
			fails(s.object("held").Delete(s.ctx), 403)
			must(s.object("held").Update(s.ctx, hold(false)))
		}
		ok(s.object("held").Delete(s.ctx))
		policy := &storage.RetentionPolicy{RetentionPeriod: time.Hour}
		must(s.bucket.Update(s.ctx, storage.BucketAttrsToUpdate{RetentionPolicy: policy}))
		s.put("kept", "x")
		kept := must(s.object("kept").Attrs(s.ctx))
		equal(kept.RetentionExpirationTime.Sub(kept.Created), time.Hour)
		fails(s.object("kept").Delete(s.ctx), 403)
		attrs := must(s.bucket.Attrs(s.ctx))
		ok(s.bucket.If(storage.BucketConditions{MetagenerationMatch: attrs.MetaGeneration}).LockRetentionPolicy(s.ctx))
		equal(must(s.bucket.Attrs(s.ctx)).RetentionPolicy.IsLocked, true)
		shorter := &storage.RetentionPolicy{RetentionPeriod: time.Minute}
		_, err := s.bucket.Update(s.ctx, storage.BucketAttrsToUpdate{RetentionPolicy: shorter})
		fails(err, 403)
		// Retention of single objects.
		other := s.client.Bucket(s.name + "-objects")
		ok(other.SetObjectRetention(true).Create(s.ctx, project, nil))
		s.write(other.Object("kept").NewWriter(s.ctx), []byte("x"))
		until := time.Now().Add(time.Hour)
		retention := storage.ObjectAttrsToUpdate{Retention: &storage.ObjectRetention{Mode: "Unlocked", RetainUntil: until}}
		must(other.Object("kept").Update(s.ctx, retention))
		fails(other.Object("kept").Delete(s.ctx), 403)
		none := storage.ObjectAttrsToUpdate{Retention: &storage.ObjectRetention{}}
		_, err = other.Object("kept").Update(s.ctx, none)
		fails(err, 403)
		must(other.Object("kept").OverrideUnlockedRetention(true).Update(s.ctx, none))
		ok(other.Object("kept").Delete(s.ctx))
	}},
	{"keys", func(s *scene) {
		s.make(nil)
		content, key, next := noise(3*mib+1), noise(32), noise(64)[32:]
		for _, chunk := range []int{0, mib} {
			keyed := s.object("keyed").Key(key)
			w := keyed.NewWriter(s.ctx)
			w.ChunkSize = chunk
			s.write(w, content)
			same(s.read(keyed), content)
			_, err := s.object("keyed").NewReader(s.ctx)
			fails(err, 400)
			_, err = s.object("keyed").Key(next).NewReader(s.ctx)
			fails(err, 400)
			equal(must(keyed.Attrs(s.ctx)).CustomerKeySHA256 != "", true)
			copied(s.ctx, s.object("keyed").Key(next).CopierFrom(keyed))
			same(s.read(s.object("keyed").Key(next)), content)
			_, err = keyed.NewReader(s.ctx)
			fails(err, 400)
			copied(s.ctx, s.object("cleared").CopierFrom(s.object("keyed").Key(next)))
			same(s.read(s.object("cleared")), content)
		}
	}},
}

func (s *scene) compose(target string, sources ...string) *storage.ObjectAttrs {
	var handles []*storage.ObjectHandle
	for _, name := range sources {
		handles = append(handles, s.object(name))
	}
	return must(s.object(target).ComposerFrom(handles...).Run(s.ctx))
}

func notModified(err error) {
	var answer *googleapi.Error
	if !errors.As(err, &answer) || answer.Code != 304 {
		panic(fmt.Sprintf("found error %v, wanted 304", err))
	}
}
