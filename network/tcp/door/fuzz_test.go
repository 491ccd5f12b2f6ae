package door_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/network/tcp/door"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// instant is a node that executes everything at once.
type instant struct{ journal *machine.Journal }

func (n *instant) Request(_ context.Context, _ protocols.ClientID, _ uint64, command protocols.Command) tcp.Answer {
	return tcp.Answer{Result: n.journal.Apply(command)}
}

func (n *instant) Ask(a *tcp.Asking) error {
	a.Teller.Tell(tcp.Answer{Result: n.journal.Apply(a.Command)})
	return nil
}

func (n *instant) Look(_ context.Context, look func(protocols.Node, time.Duration)) bool {
	look(n, 0)
	return true
}

func (n *instant) Stats() tcp.Stats      { return tcp.Stats{} }
func (n *instant) Done() <-chan struct{} { return nil }

func (n *instant) Step(time.Duration, protocols.Event, *protocols.Effects) {}
func (n *instant) Replicated() protocols.StateMachine                      { return n.journal }

// FuzzDoor: whatever comes, the answer is JSON; an error says whether anything was
// done, and if nothing was, nothing was.
func FuzzDoor(f *testing.F) {
	f.Add("PUT", "/v1/kv/a", `{"value":"1"}`, "", "")
	f.Add("GET", "/v1/kv/a?consistency=local", "", "", "")
	f.Add("POST", "/v1/cas/a", `{"expect":"1","value":"2"}`, "1", "2")
	f.Add("POST", "/v1/add/a", `{"value":"1"}`, "", "")
	f.Add("POST", "/v1/txn", `{"commands":[{"op":"put","key":"a","base64":"/w=="}]}`, "7", "1")
	f.Add("GET", "/v1/watch/a?from=1&poll=1ms&prefix=true", "", "", "")
	f.Add("POST", "/v1/session", "", "", "")
	f.Add("GET", "/v1/status", "", "", "")
	f.Fuzz(func(t *testing.T, method, path, body, client, request string) {
		if len(path) > 100 || strings.Contains(path, "poll=") && !strings.Contains(path, "poll=1ms") {
			return // it would only wait
		}
		node := &instant{machine.NewJournal()}
		d := door.New(door.Config{ID: 1})
		d.Open(node)
		r, err := http.NewRequest(method, path, strings.NewReader(body))
		if err != nil || r.URL.Path == "" {
			return // no server would hand this on
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond) // ends a watch
		defer cancel()
		r = r.WithContext(ctx)
		r.Header.Set("Quorumlab-Client", client)
		r.Header.Set("Quorumlab-Request", request)
		w := httptest.NewRecorder()
		d.Clients().ServeHTTP(w, r)
		switch kind := w.Header().Get("Content-Type"); {
		case w.Code == http.StatusTemporaryRedirect || w.Code == http.StatusMovedPermanently:
		case kind == "text/event-stream":
		case kind != "application/json" || !json.Valid(w.Body.Bytes()):
			t.Fatalf("%s %s: %d, %s %s", method, path, w.Code, kind, w.Body)
		case w.Code != http.StatusOK:
			var fault door.Fault
			if err := json.Unmarshal(w.Body.Bytes(), &fault); err != nil || fault.Done == "" || fault.Kind == "" {
				t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
			if !fault.Unknown() && node.journal.Revision > 0 {
				t.Fatalf("%s %s: %d %s, and yet something changed", method, path, w.Code, w.Body)
			}
		}
	})
}
