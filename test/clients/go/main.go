// The features of docs/reference/clients.md with Google's client for Go, unmodified.
//
// Prints for each a line of JSON, {"feature": …}, with an "error" when the client did not get what it should have.
// Arguments: the URL of the gateway.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"reflect"
	"runtime/debug"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2/callctx"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
)

const project = "test"

type feature struct {
	name string
	run  func(*scene)
}

// A scene is what one feature plays in: a bucket of its own.
type scene struct {
	ctx    context.Context
	url    string
	client *storage.Client
	name   string
	bucket *storage.BucketHandle
}

func main() {
	url := os.Args[1]
	ctx := context.Background()
	client, err := storage.NewClient(ctx,
		option.WithEndpoint(url+"/storage/v1/"), option.WithoutAuthentication(), storage.WithJSONReads())
	if err != nil {
		panic(err)
	}
	out := json.NewEncoder(os.Stdout)
	for _, f := range append(append(transfers, objects...), buckets...) {
		s := &scene{ctx: ctx, url: url, client: client, name: "go-" + f.name}
		s.bucket = client.Bucket(s.name)
		report := map[string]string{"feature": f.name}
		if failure := play(s, f); failure != "" {
			report["error"] = failure
		}
		if err := out.Encode(report); err != nil {
			panic(err)
		}
	}
}

func play(s *scene, f feature) (failure string) {
	defer func() {
		if thrown := recover(); thrown != nil {
			failure = fmt.Sprintf("%v\n%s", thrown, debug.Stack())
		}
	}()
	f.run(s)
	return ""
}

// make creates the scene's bucket.
func (s *scene) make(attrs *storage.BucketAttrs) {
	ok(s.bucket.Create(s.ctx, project, attrs))
}

func (s *scene) object(name string) *storage.ObjectHandle { return s.bucket.Object(name) }

func (s *scene) put(name, content string) *storage.ObjectAttrs {
	return s.write(s.object(name).NewWriter(s.ctx), []byte(content))
}

func (s *scene) write(w *storage.Writer, content []byte) *storage.ObjectAttrs {
	_, err := io.Copy(w, bytes.NewReader(content))
	ok(err)
	ok(w.Close())
	return w.Attrs()
}

func (s *scene) read(object *storage.ObjectHandle) []byte {
	reader := must(object.NewReader(s.ctx))
	defer reader.Close()
	return must(io.ReadAll(reader))
}

// faults lets calls of the methods fail that carry the context it returns, and returns a check that they all did.
func (s *scene) faults(instructions map[string][]string) (context.Context, func()) {
	body := must(json.Marshal(map[string]any{"instructions": instructions}))
	var test struct {
		ID           string
		Completed    bool
		Instructions map[string][]string
	}
	answer := must(http.Post(s.url+"/retry_test", "application/json", bytes.NewReader(body)))
	ok(json.NewDecoder(answer.Body).Decode(&test))
	return callctx.SetHeaders(s.ctx, "x-retry-test-id", test.ID), func() {
		answer := must(http.Get(s.url + "/retry_test/" + test.ID))
		ok(json.NewDecoder(answer.Body).Decode(&test))
		if !test.Completed {
			panic(fmt.Sprintf("calls that should have failed did not: %v", test.Instructions))
		}
	}
}

func ok(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](value T, err error) T {
	ok(err)
	return value
}

func equal(found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		panic(fmt.Sprintf("found %v, wanted %v", found, wanted))
	}
}

func same(found, wanted []byte) {
	if !bytes.Equal(found, wanted) {
		panic(fmt.Sprintf("%d bytes that are not the %d wanted", len(found), len(wanted)))
	}
}

func fails(err error, status int) {
	var answer *googleapi.Error
	if !errors.As(err, &answer) {
		panic(fmt.Sprintf("found error %v, wanted status %d", err, status))
	}
	equal(answer.Code, status)
}

func failsWith(err, wanted error) {
	if !errors.Is(err, wanted) {
		panic(fmt.Sprintf("found error %v, wanted %v", err, wanted))
	}
}

func noise(size int) []byte {
	content := make([]byte, size)
	source := rand.NewChaCha8([32]byte([]byte(strings.Repeat("s", 32))))
	_, _ = source.Read(content)
	return content
}

func drain[T any](next func() (T, error), done error) []T {
	var all []T
	for {
		one, err := next()
		if errors.Is(err, done) {
			return all
		}
		ok(err)
		all = append(all, one)
	}
}
