package main

import (
	"time"

	"cloud.google.com/go/iam"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
)

var buckets = []feature{
	{"buckets", func(s *scene) {
		s.make(&storage.BucketAttrs{Location: "EU", Labels: map[string]string{"team": "storage"}})
		fails(s.bucket.Create(s.ctx, project, nil), 409)
		attrs := must(s.bucket.Attrs(s.ctx))
		equal([]any{attrs.Location, attrs.Labels["team"], attrs.StorageClass}, []any{"EU", "storage", "STANDARD"})
		other := s.client.Bucket(s.name + "-2")
		ok(other.Create(s.ctx, project, nil))
		listing := s.client.Buckets(s.ctx, project)
		listing.Prefix = s.name
		var found []string
		for _, attrs := range drain(listing.Next, iterator.Done) {
			found = append(found, attrs.Name)
		}
		equal(found, []string{s.name, s.name + "-2"})
		update := storage.BucketAttrsToUpdate{}
		update.SetLabel("stage", "test")
		update.DeleteLabel("team")
		equal(must(s.bucket.Update(s.ctx, update)).Labels, map[string]string{"stage": "test"})
		s.put("content", "x")
		fails(s.bucket.Delete(s.ctx), 409)
		ok(s.object("content").Delete(s.ctx))
		ok(s.bucket.Delete(s.ctx))
		_, err := s.bucket.Attrs(s.ctx)
		failsWith(err, storage.ErrBucketNotExist)
	}},
	{"settings", func(s *scene) {
		rule := storage.LifecycleRule{
			Action:    storage.LifecycleAction{Type: storage.SetStorageClassAction, StorageClass: "COLDLINE"},
			Condition: storage.LifecycleCondition{AgeInDays: 30, MatchesPrefix: []string{"logs/"}, Liveness: storage.Live},
		}
		cors := storage.CORS{MaxAge: time.Hour, Methods: []string{"GET"}, Origins: []string{"https://x.example"}}
		s.make(&storage.BucketAttrs{
			StorageClass: "NEARLINE",
			Lifecycle:    storage.Lifecycle{Rules: []storage.LifecycleRule{rule}},
			CORS:         []storage.CORS{cors},
			Website:      &storage.BucketWebsite{MainPageSuffix: "index.html", NotFoundPage: "404.html"},
			Logging:      &storage.BucketLogging{LogBucket: s.name, LogObjectPrefix: "access"},
		})
		attrs := must(s.bucket.Attrs(s.ctx))
		equal(attrs.Lifecycle.Rules, []storage.LifecycleRule{rule})
		equal(attrs.CORS[0].Origins, cors.Origins)
		equal([]string{attrs.Website.NotFoundPage, attrs.Logging.LogObjectPrefix}, []string{"404.html", "access"})
		equal(s.put("stored", "x").StorageClass, "NEARLINE")
		attrs = must(s.bucket.Update(s.ctx, storage.BucketAttrsToUpdate{
			VersioningEnabled: true, Lifecycle: &storage.Lifecycle{}, CORS: []storage.CORS{}, Website: &storage.BucketWebsite{},
			Autoclass:              &storage.Autoclass{Enabled: true},
			PublicAccessPrevention: storage.PublicAccessPreventionEnforced,
		}))
		equal([]any{attrs.VersioningEnabled, len(attrs.Lifecycle.Rules), len(attrs.CORS)}, []any{true, 0, 0})
		equal(attrs.Autoclass.Enabled, true)
		equal(attrs.PublicAccessPrevention, storage.PublicAccessPreventionEnforced)
	}},
	{"acls", func(s *scene) {
		s.make(nil)
		s.put("shared", "x")
		user := storage.ACLEntity("user-reader@example.com")
		for _, acl := range []*storage.ACLHandle{s.bucket.ACL(), s.bucket.DefaultObjectACL(), s.object("shared").ACL()} {
			ok(acl.Set(s.ctx, user, storage.RoleReader))
			var role storage.ACLRole
			for _, rule := range must(acl.List(s.ctx)) {
				if rule.Entity == user {
					role = rule.Role
				}
			}
			equal(role, storage.RoleReader)
			ok(acl.Delete(s.ctx, user))
			for _, rule := range must(acl.List(s.ctx)) {
				equal(rule.Entity == user, false)
			}
		}
		w := s.object("public").NewWriter(s.ctx)
		w.PredefinedACL = "publicRead"
		s.write(w, []byte("x"))
		var isPublic bool
		for _, rule := range must(s.object("public").ACL().List(s.ctx)) {
			isPublic = isPublic || rule.Entity == storage.AllUsers && rule.Role == storage.RoleReader
		}
		equal(isPublic, true)
		must(s.bucket.Update(s.ctx, storage.BucketAttrsToUpdate{
			UniformBucketLevelAccess: &storage.UniformBucketLevelAccess{Enabled: true},
		}))
		_, err := s.object("shared").ACL().List(s.ctx)
		fails(err, 400)
	}},
	{"iam", func(s *scene) {
		s.make(nil)
		policy := must(s.bucket.IAM().Policy(s.ctx))
		viewer := iam.RoleName("roles/storage.objectViewer")
		policy.Add("user:reader@example.com", viewer)
		ok(s.bucket.IAM().SetPolicy(s.ctx, policy))
		found := must(s.bucket.IAM().Policy(s.ctx))
		equal(found.HasRole("user:reader@example.com", viewer), true)
		// The policy that was read first is stale by now.
		fails(s.bucket.IAM().SetPolicy(s.ctx, policy), 412)
		wanted := []string{"storage.objects.get", "storage.buckets.delete"}
		equal(must(s.bucket.IAM().TestPermissions(s.ctx, wanted)), wanted)
	}},
	{"hmac", func(s *scene) {
		email := "robot@test.iam.example.com"
		key := must(s.client.CreateHMACKey(s.ctx, project, email))
		equal([]any{key.State, len(key.Secret), key.ServiceAccountEmail}, []any{storage.Active, 40, email})
		handle := s.client.HMACKeyHandle(project, key.AccessID)
		equal(must(handle.Get(s.ctx)).Secret, "")
		var listed []string
		keys := s.client.ListHMACKeys(s.ctx, project, storage.ForHMACKeyServiceAccountEmail(email))
		for _, one := range drain(keys.Next, iterator.Done) {
			listed = append(listed, one.AccessID)
		}
		equal(listed, []string{key.AccessID})
		fails(handle.Delete(s.ctx), 400)
		must(handle.Update(s.ctx, storage.HMACKeyAttrsToUpdate{State: storage.Inactive}))
		ok(handle.Delete(s.ctx))
		equal(must(handle.Get(s.ctx)).State, storage.Deleted)
		equal(must(s.client.ServiceAccount(s.ctx, project)) != "", true)
	}},
	{"notifications", func(s *scene) {
		s.make(nil)
		made := must(s.bucket.AddNotification(s.ctx, &storage.Notification{
			TopicProjectID: project, TopicID: "topic", PayloadFormat: storage.JSONPayload,
			EventTypes: []string{storage.ObjectFinalizeEvent}, ObjectNamePrefix: "in/",
			CustomAttributes: map[string]string{"from": "go"},
		}))
		found := must(s.bucket.Notifications(s.ctx))
		equal(len(found), 1)
		equal(found[made.ID], made)
		equal([]any{made.TopicID, made.EventTypes[0], made.CustomAttributes["from"]}, []any{"topic", "OBJECT_FINALIZE", "go"})
		ok(s.bucket.DeleteNotification(s.ctx, made.ID))
		equal(len(must(s.bucket.Notifications(s.ctx))), 0)
	}},
	{"folders", func(s *scene) {
		s.make(&storage.BucketAttrs{
			HierarchicalNamespace:    &storage.HierarchicalNamespace{Enabled: true},
			UniformBucketLevelAccess: storage.UniformBucketLevelAccess{Enabled: true},
		})
		equal(must(s.bucket.Attrs(s.ctx)).HierarchicalNamespace.Enabled, true)
		s.put("a/b/object", "x")
		s.put("top", "x")
		top := &storage.Query{Delimiter: "/", IncludeFoldersAsPrefixes: true}
		equal(s.list(top), []string{"top", "a/"})
		must(s.object("a/b/object").Move(s.ctx, storage.MoveObjectDestination{Object: "c/object"}))
		// Folders stay when the last object leaves them.
		equal(s.list(top), []string{"top", "a/", "c/"})
		equal(s.list(&storage.Query{Delimiter: "/", Prefix: "a/", IncludeFoldersAsPrefixes: true}), []string{"a/b/"})
		equal(s.list(nil), []string{"c/object", "top"})
	}},
}
