package door_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/network/tcp/door"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// house is a door with a node of its own behind it, which is a cluster alone.
type house struct {
	t      *testing.T
	door   *door.Door
	driver *tcp.Driver
	server *httptest.Server
	admin  *httptest.Server
}

func newHouse(t *testing.T, protocol string, parameters map[string]string) *house {
	t.Helper()
	p, err := catalog.Lookup(protocol)
	if err != nil {
		t.Fatal(err)
	}
	filled, err := catalog.Parameters(p, parameters)
	if err != nil {
		t.Fatal(err)
	}
	node, err := p.New(protocols.Config{
		Self: 1, Nodes: []protocols.NodeID{1}, Machine: machine.NewJournal(), Tick: 10 * time.Millisecond, Parameters: filled,
	})
	if err != nil {
		t.Fatal(err)
	}
	codec, err := state.NewCodec(append(machine.Types(), p.Types...)...)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, door: door.New(door.Config{
		ID: 1, Cluster: "test", Protocol: protocol, StaleReads: filled["reads"] == "local",
	})}
	h.server = httptest.NewServer(h.door.Clients())
	h.admin = httptest.NewServer(h.door.Admin())
	if status, _ := h.ask("GET", "/v1/status", "", nil); status != http.StatusServiceUnavailable {
		t.Errorf("before the node is there the door says %d", status)
	}
	h.driver, err = tcp.Start(tcp.Config{
		Cluster: "test", Self: 1, Links: p.Links, Node: node, Codec: codec, Disk: tcp.NewMemory(protocols.Disk{}),
		Observe: []func(tcp.Step){h.door.Observe}, Settled: h.door.Settled,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.door.Open(h.driver)
	t.Cleanup(func() { h.server.CloseClientConnections(); h.server.Close(); h.admin.Close(); h.driver.Close() })
	h.until("ready", func() bool {
		response, err := http.Get(h.admin.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return h
}

// until looks again and again whether something is so.
func (h *house) until(what string, is func() bool) {
	h.t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for limit := time.Now().Add(patience); !is(); <-ticker.C {
		if time.Now().After(limit) {
			h.t.Fatalf("waited for: %s", what)
		}
	}
}

// ask makes a request by hand, and returns its code and its body.
func (h *house) ask(method, path, body string, headers map[string]string) (int, string) {
	h.t.Helper()
	request, err := http.NewRequest(method, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(said))
}

func (h *house) client() *door.Client {
	return door.NewClient([]string{strings.TrimPrefix(h.server.URL, "http://")}, door.ClientOptions{})
}

func TestAPI(t *testing.T) {
	for _, protocol := range []string{"zab", "paxos"} {
		t.Run(protocol, func(t *testing.T) {
			h := newHouse(t, protocol, nil)
			for i, test := range []struct {
				method, path, body string
				status             int
				want               string
			}{
				{"GET", "/v1/kv/a", "", 404, `"error":"not-found","done":"no"`},
				{"PUT", "/v1/kv/a", `{"value":"1"}`, 200, `{}`},
				{"GET", "/v1/kv/a", "", 200, `{"value":"1"}`},
				{"GET", "/v1/kv/a?consistency=local", "", 200, `{"value":"1"}`},
				{"PUT", "/v1/kv/dir/key%20with%2Fall", `{"base64":"/w=="}`, 200, `{}`},
				{"GET", "/v1/kv/dir/key%20with%2Fall", "", 200, `{"base64":"/w=="}`},
				{"POST", "/v1/cas/a", `{"expect":"0","value":"2"}`, 200, `{"found":true,"swapped":false,"value":"1"}`},
				{"POST", "/v1/cas/a", `{"expect":"1","value":"2"}`, 200, `{"found":true,"swapped":true,"value":"1"}`},
				{"POST", "/v1/cas/b", `{"absent":true,"value":"x"}`, 200, `{"found":false,"swapped":true}`},
				{"POST", "/v1/add/n", `{"value":"5"}`, 200, `{"found":false,"swapped":true}`},
				{"POST", "/v1/add/n", `{"value":"-6"}`, 200, `{"found":true,"swapped":false,"value":"5"}`},
				{"POST", "/v1/txn", `{"commands":[{"op":"add","key":"n","value":"-5"},{"op":"put","key":"c","value":"y"},{"op":"get","key":"c"}]}`, 200, `{"aborted":false,"results":[{"found":true,"swapped":true,"value":"5"},{},{"found":true,"value":"y"}]}`},
				{"POST", "/v1/txn", `{"commands":[{"op":"delete","key":"c"},{"op":"cas","key":"n","expect":"1","value":"2"}]}`, 200, `{"aborted":true,"results":[{"found":true},{"found":true,"swapped":false,"value":"0"}]}`},
				{"DELETE", "/v1/kv/c", "", 200, `{"found":true}`},
				{"DELETE", "/v1/kv/c", "", 200, `{"found":false}`},
				{"GET", "/v1/status", "", 200, `"protocol":"` + protocol + `"`},
				{"POST", "/v1/session", "", 200, `{"client":1}`},
				{"POST", "/v1/session", "", 200, `{"client":2}`},
			} {
				status, body := h.ask(test.method, test.path, test.body, nil)
				if status != test.status || !strings.Contains(body, test.want) {
					t.Errorf("%d: %s %s says %d %s, want %d %s", i, test.method, test.path, status, body, test.status, test.want)
				}
			}
		})
	}
}

// What makes no sense is refused, and surely does nothing.
func TestBadRequests(t *testing.T) {
	h := newHouse(t, "zab", nil)
	for i, test := range []struct {
		method, path, body string
		headers            map[string]string
		status             int
		want               string
	}{
		{"PUT", "/v1/kv/a", ``, nil, 400, "the body"},
		{"PUT", "/v1/kv/a", `{}`, nil, 400, "neither"},
		{"PUT", "/v1/kv/a", `{"value":"1","base64":"MQ=="}`, nil, 400, "both"},
		{"PUT", "/v1/kv/a", `{"base64":"?"}`, nil, 400, "base64"},
		{"PUT", "/v1/kv/a", `{"value":"1"} more`, nil, 400, "goes on"},
		{"PUT", "/v1/kv/a", `{"valu":"1"}`, nil, 400, "unknown field"},
		{"PUT", "/v1/kv/a", `{"value":"1","key":"b"}`, nil, 400, "in the path"},
		{"PUT", "/v1/kv/", `{"value":"1"}`, nil, 400, "use 1 to 1024"},
		{"PUT", "/v1/kv/%00client", `{"value":"1"}`, nil, 400, "zero byte"},
		{"PUT", "/v1/kv/%ff", `{"value":"1"}`, nil, 400, "not UTF-8"},
		{"PUT", "/v1/kv/" + strings.Repeat("k", 1025), `{"value":"1"}`, nil, 400, "1025 bytes"},
		{"PUT", "/v1/kv/a", `{"value":"` + strings.Repeat("v", 1<<20+1) + `"}`, nil, 413, "are the most"},
		{"PUT", "/v1/kv/a", `{"value":"` + strings.Repeat("v", 9<<20) + `"}`, nil, 413, "too large"},
		{"POST", "/v1/cas/a", `{"value":"1"}`, nil, 400, "a cas needs"},
		{"POST", "/v1/cas/a", `{"value":"1","expect":"0","absent":true}`, nil, 400, "both"},
		{"POST", "/v1/add/a", `{"value":"x"}`, nil, 400, "no whole number"},
		{"POST", "/v1/txn", `{"commands":[]}`, nil, 400, "0 commands"},
		{"POST", "/v1/txn", `{"commands":[{"op":"push","key":"a"}]}`, nil, 400, `command 1: no operation \"push\"`},
		{"GET", "/v1/kv/a?consistency=strong", "", nil, 400, "use linearizable or local"},
		{"GET", "/v1/kv/a?timeout=soon", "", nil, 400, "timeout is"},
		{"PUT", "/v1/kv/a", `{"value":"1"}`, map[string]string{"Quorumlab-Client": "x", "Quorumlab-Request": "1"}, 400, "POST /v1/session"},
		{"PUT", "/v1/kv/a", `{"value":"1"}`, map[string]string{"Quorumlab-Client": "1"}, 400, "a number from 1"},
		{"GET", "/v1/watch/a?from=x", "", nil, 400, "from is"},
		{"GET", "/v1/watch/a?prefix=maybe", "", nil, 400, "prefix is"},
		{"GET", "/v1/nothing", "", nil, 400, "no GET /v1/nothing"},
		{"PATCH", "/v1/kv/a", "", nil, 400, "no PATCH"},
	} {
		status, body := h.ask(test.method, test.path, test.body, test.headers)
		var fault door.Fault
		if err := json.Unmarshal([]byte(body), &fault); err != nil {
			t.Errorf("%d: %s %s says %q", i, test.method, test.path, body)
		}
		if status != test.status || !strings.Contains(body, test.want) || fault.Unknown() {
			t.Errorf("%d: %s %s says %d %s, want %d %s", i, test.method, test.path, status, body, test.status, test.want)
		}
	}
	if status, body := h.ask("GET", "/v1/kv/a", "", nil); status != 404 {
		t.Errorf("something was done: %s", body)
	}
}

func TestStaleReadsAreNotSoldAsLinearizable(t *testing.T) {
	h := newHouse(t, "zab", map[string]string{"reads": "local"})
	if status, body := h.ask("GET", "/v1/kv/a", "", nil); status != 501 || !strings.Contains(body, "reads=local") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := h.ask("GET", "/v1/kv/a?consistency=local", "", nil); status != 404 {
		t.Errorf("a local read says %d", status)
	}
}

// A request with a name takes effect once, and each asking gets the first answer.
func TestNamedRequestsTakeEffectOnce(t *testing.T) {
	h := newHouse(t, "zab", nil)
	_, body := h.ask("POST", "/v1/session", "", nil)
	var given struct{ Client int }
	if err := json.Unmarshal([]byte(body), &given); err != nil {
		t.Fatal(err)
	}
	name := func(request int) map[string]string {
		return map[string]string{"Quorumlab-Client": fmt.Sprint(given.Client), "Quorumlab-Request": fmt.Sprint(request)}
	}
	var all sync.WaitGroup
	answers := make(chan string, 8)
	for range cap(answers) {
		all.Go(func() {
			_, body := h.ask("POST", "/v1/add/n", `{"value":"1"}`, name(1))
			answers <- body
		})
	}
	all.Wait()
	close(answers)
	for answer := range answers {
		if answer != `{"found":false,"swapped":true}` {
			t.Errorf("answer %s", answer)
		}
	}
	if _, body := h.ask("POST", "/v1/add/n", `{"value":"1"}`, name(2)); body != `{"found":true,"swapped":true,"value":"1"}` {
		t.Errorf("the next says %s", body)
	}
	// A request that is over is never answered; who asks learns that it is unknown.
	status, body := h.ask("POST", "/v1/add/n?timeout=50ms", `{"value":"1"}`, name(1))
	if status != 504 || !strings.Contains(body, `"done":"unknown"`) {
		t.Errorf("an old request: %d %s", status, body)
	}
}

func TestClient(t *testing.T) {
	h := newHouse(t, "paxos", nil)
	address := strings.TrimPrefix(h.server.URL, "http://")
	for name, options := range map[string]door.ClientOptions{"binary": {}, "HTTP": {HTTP: door.NewTransport(1)}} {
		t.Run(name, func(t *testing.T) {
			c := door.NewClient([]string{address}, options)
			defer c.Close()
			tryClient(t, c)
		})
	}
}

func tryClient(t *testing.T, c *door.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i, test := range []struct {
		command protocols.Command
		want    protocols.Result
	}{
		{machine.Command{Op: machine.Put, Key: "a/b c", Value: "\xff"}, machine.Result{}},
		{machine.Command{Op: machine.Get, Key: "a/b c"}, machine.Result{Value: "\xff", Found: true}},
		{machine.Command{Op: machine.Get, Key: "b"}, machine.Result{}},
		{machine.Command{Op: machine.CAS, Key: "a/b c", Expect: "\xff", Value: ""}, machine.Result{Value: "\xff", Found: true, Swapped: true}},
		{machine.Command{Op: machine.CAS, Key: "c", Absent: true, Value: "1"}, machine.Result{Swapped: true}},
		{machine.Command{Op: machine.Add, Key: "c", Value: "-2"}, machine.Result{Value: "1", Found: true}},
		{machine.Command{Op: machine.Delete, Key: "c"}, machine.Result{Found: true}},
		{machine.Command{Op: machine.Put, Key: "x"}, machine.Result{}},
		{machine.Command{Op: machine.Get, Key: "x"}, machine.Result{Found: true}},
	} {
		if got, err := c.Do(ctx, test.command); err != nil || got != test.want {
			t.Errorf("%d: %+v gives %+v, %v, want %+v", i, test.command, got, err, test.want)
		}
	}
	got, err := c.Do(ctx, machine.Transaction{Commands: []machine.Command{
		{Op: machine.Put, Key: "x", Value: "1"}, {Op: machine.Get, Key: "x"},
	}})
	if result := got.(machine.TransactionResult); err != nil || result.Aborted || result.Results[1].Value != "1" {
		t.Errorf("%+v, %v", got, err)
	}
	if result, err := c.Get(ctx, "x", true); err != nil || result.Value != "1" {
		t.Errorf("%+v, %v", result, err)
	}
	for _, bad := range []protocols.Command{machine.Command{Op: "push", Key: "x"}, machine.Command{Op: machine.Put}, 7, machine.Transaction{}} {
		if _, err := c.Do(ctx, bad); err == nil {
			t.Errorf("%+v was done", bad)
		}
	}
}

// roundTrip is a network that does what a test wants.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The client asks again under the same name, and tells exactly what it knows.
func TestClientTellsWhatItKnows(t *testing.T) {
	h := newHouse(t, "zab", nil)
	lost, asked := 0, 0
	network := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		if err == nil && strings.Contains(r.URL.Path, "/add/") {
			asked++
			if lost > 0 {
				lost--
				response.Body.Close()
				return nil, errors.New("the answer was lost")
			}
		}
		return response, err
	})}
	address := strings.TrimPrefix(h.server.URL, "http://")
	c := door.NewClient([]string{address, "127.0.0.1:1", address}, door.ClientOptions{HTTP: network, First: 1})
	add := machine.Command{Op: machine.Add, Key: "n", Value: "1"}
	lost = 3
	if got, err := c.Do(t.Context(), add); err != nil || got != (machine.Result{Swapped: true}) {
		t.Errorf("%+v, %v", got, err)
	}
	if asked != 4 {
		t.Errorf("asked %d times", asked)
	}
	lost = 1 << 30
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := c.Do(ctx, add)
	if _, unknown := errors.AsType[*door.UnknownError](err); !unknown {
		t.Errorf("after a time-out: %v", err)
	}
	if result, err := c.Get(t.Context(), "n", false); err != nil || result.Value != "2" {
		t.Errorf("it was added %+v, %v", result, err)
	}
	nobody := door.NewClient([]string{"127.0.0.1:1"}, door.ClientOptions{})
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = nobody.Do(ctx, add)
	if _, unknown := errors.AsType[*door.UnknownError](err); err == nil || unknown {
		t.Errorf("without a session nothing was asked: %v", err)
	}
}

func TestOperators(t *testing.T) {
	h := newHouse(t, "zab", nil)
	h.ask("PUT", "/v1/kv/a", `{"value":"1"}`, nil)
	look := func(path string) (int, string) {
		response, err := http.Get(h.admin.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		said, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(said)
	}
	_, metrics := look("/metrics")
	for _, want := range []string{
		`quorumlab_leading{node="1"} 1`, `quorumlab_epoch{node="1"} 1`, `quorumlab_led_total{node="1"} 1`,
		`quorumlab_request_seconds_count{node="1",operation="put"} 1`, `quorumlab_role_changes_total{node="1",role="looking"} 1`,
		`quorumlab_persist_seconds_count`, `quorumlab_fsync_seconds_bucket`, `quorumlab_mailbox_events`, `go_goroutines`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not have %s", want)
		}
	}
	if status, _ := look("/healthz"); status != 200 {
		t.Errorf("healthz says %d", status)
	}
	if status, _ := look("/debug/pprof/"); status != 200 {
		t.Errorf("pprof says %d", status)
	}
	h.driver.Close()
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, _ := look(path); status != 503 {
			t.Errorf("after the end %s says %d", path, status)
		}
	}
	if status, body := h.ask("PUT", "/v1/kv/a", `{"value":"1"}`, nil); status != 503 || !strings.Contains(body, `"done":"no"`) {
		t.Errorf("after the end: %d %s", status, body)
	}
}
