package door_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/network/tcp/door"
	"quorumlab/protocols/machine"
)

// watched is what a watcher was told.
func watched(ctx context.Context, h *house, key string, prefix bool, from uint64, count int, ready chan<- uint64) ([]string, error) {
	var told []string
	err := h.client().Watch(ctx, key, prefix, from, func(revision uint64) { ready <- revision }, func(c door.Change) bool {
		value := "deleted"
		if !c.Deleted {
			value, _ = c.Value.String()
		}
		told = append(told, fmt.Sprintf("%d %s %s", c.Revision, c.Key, value))
		return len(told) < count
	})
	return told, err
}

func TestWatch(t *testing.T) {
	h := newHouse(t, "zab", nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	put := func(key, value string) { h.ask("PUT", "/v1/kv/"+key, `{"value":"`+value+`"}`, nil) }
	put("a", "1") // revision 1
	type result struct {
		told []string
		err  error
	}
	one, all, past := make(chan result, 1), make(chan result, 1), make(chan result, 1)
	ready := make(chan uint64, 3)
	watch := func(out chan result, key string, prefix bool, from uint64, count int) {
		told, err := watched(ctx, h, key, prefix, from, count, ready)
		out <- result{told, err}
	}
	go watch(one, "a", false, 0, 2)
	go watch(all, "", true, 0, 5)
	if got := []uint64{<-ready, <-ready}; got[0] != 1 || got[1] != 1 {
		t.Errorf("ready at %v", got)
	}
	put("b", "2")
	h.ask("POST", "/v1/cas/a", `{"expect":"7","value":"8"}`, nil) // changes nothing
	h.ask("POST", "/v1/session", "", nil)                         // changes what is no user's
	h.ask("POST", "/v1/txn", `{"commands":[{"op":"put","key":"c","value":"3"},{"op":"put","key":"a","value":"3"}]}`, nil)
	h.ask("DELETE", "/v1/kv/a", "", nil)
	put("d", "4")
	go watch(past, "a", false, 1, 3)
	for name, test := range map[string]struct {
		got  result
		want []string
	}{
		"one key":     {<-one, []string{"4 a 3", "5 a deleted"}},
		"all keys":    {<-all, []string{"2 b 2", "4 c 3", "4 a 3", "5 a deleted", "6 d 4"}},
		"what is old": {<-past, []string{"1 a 1", "4 a 3", "5 a deleted"}},
	} {
		if test.got.err != nil || !slices.Equal(test.got.told, test.want) {
			t.Errorf("%s: %v, %v, want %v", name, test.got.told, test.got.err, test.want)
		}
	}
}

func TestPoll(t *testing.T) {
	h := newHouse(t, "zab", nil)
	h.ask("PUT", "/v1/kv/a", `{"value":"1"}`, nil)
	if _, body := h.ask("GET", "/v1/watch/a?poll=1m&from=1", "", nil); body != `{"revision":1,"changes":[{"revision":1,"key":"a","value":"1"}]}` {
		t.Errorf("what is there: %s", body)
	}
	if _, body := h.ask("GET", "/v1/watch/a?poll=10ms&from=2", "", nil); body != `{"revision":1,"changes":[]}` {
		t.Errorf("nothing: %s", body)
	}
	answer := make(chan string, 1)
	go func() {
		_, body := h.ask("GET", "/v1/watch/a?poll=1m", "", nil)
		answer <- body
	}()
	h.until("the watcher is there", func() bool { return strings.Contains(h.metrics(), `quorumlab_watches{node="1"} 1`) })
	h.ask("PUT", "/v1/kv/a", `{"value":"2"}`, nil)
	if body := <-answer; body != `{"revision":2,"changes":[{"revision":2,"key":"a","value":"2"}]}` {
		t.Errorf("what comes: %s", body)
	}
}

func (h *house) metrics() string {
	recorder := httptest.NewRecorder()
	h.door.Admin().ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	return recorder.Body.String()
}

// A watch outlasts the time within which a request has to be read.
func TestWatchesArePatient(t *testing.T) {
	h := newHouse(t, "zab", nil)
	server := httptest.NewUnstartedServer(h.door.Clients())
	server.Config.ReadTimeout = 100 * time.Millisecond
	server.Start()
	defer server.Close()
	response, err := http.Get(server.URL + "/v1/watch/a?poll=400ms")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	begin := time.Now()
	said, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(said), `"changes":[]`) {
		t.Errorf("after %v: %s, %v", time.Since(begin), said, err)
	}
	answer := make(chan string, 1)
	go func() {
		response, err := http.Get(server.URL + "/v1/watch/a?poll=1m")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		said, _ := io.ReadAll(response.Body)
		answer <- string(said)
	}()
	h.until("the watcher is there", func() bool { return strings.Contains(h.metrics(), `quorumlab_watches{node="1"} 1`) })
	timer := time.NewTimer(3 * server.Config.ReadTimeout)
	<-timer.C
	h.ask("PUT", "/v1/kv/a", `{"value":"2"}`, nil)
	if said := <-answer; !strings.Contains(said, `"value":"2"`) {
		t.Errorf("it says %s", said)
	}
}

// What a watch asks for may be forgotten; and a reader that takes nothing is let go.
func TestWatchesAreBounded(t *testing.T) {
	h := newHouse(t, "zab", nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := h.client()
	begun, released, gap := make(chan struct{}), make(chan struct{}), make(chan uint64, 10)
	go func() {
		first := true
		h.client().Watch(ctx, "", true, 0, func(revision uint64) { gap <- revision }, func(door.Change) bool {
			if first {
				first = false
				close(begun)
				<-released
			}
			return true
		})
	}()
	<-gap
	value := strings.Repeat("v", 1<<14) // more than sockets take, in the end
	for i := range 3 * machine.JournalKeep {
		if _, err := c.Do(ctx, machine.Command{Op: machine.Put, Key: "k", Value: value}); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			<-begun
		}
	}
	close(released)
	if status, body := h.ask("GET", "/v1/watch/k?from=1", "", nil); status != 410 || !strings.Contains(body, `"error":"compacted","done":"no"`) || !strings.Contains(body, `"revision":307`) {
		t.Errorf("%d %s", status, body)
	}
	h.until("the slow reader is let go, or comes back", func() bool {
		return len(gap) > 0 || strings.Contains(h.metrics(), `quorumlab_watches{node="1"} 0`)
	})
}
