package door

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Node is what a door leads to: a tcp.Driver.
type Node interface {
	Request(ctx context.Context, client protocols.ClientID, request uint64, command protocols.Command) tcp.Answer
	Ask(a *tcp.Asking) error
	Look(ctx context.Context, look func(node protocols.Node, now time.Duration)) bool
	Stats() tcp.Stats
	Done() <-chan struct{}
}

// Config is what a door needs to know.
type Config struct {
	ID                protocols.NodeID
	Cluster, Protocol string
	// StaleReads tells that the protocol is configured to answer reads from its own
	// copy, so that no read is linearizable.
	StaleReads bool
	// RequestBytes is the most bytes that large questions take in all, and so many that
	// large answers take; 0: tcp.RequestBytes.
	RequestBytes int
	Log          *slog.Logger
}

// Door serves the clients and the operators of one node. It is made before the
// node's driver, which it observes, and opened when that runs.
type Door struct {
	config  Config
	metrics *metrics
	bodies  *budget
	answers *budget
	watches hub
	lines   lines
	view    view
	node    atomic.Pointer[Node]
	// request numbers the requests that have no name of their own. It begins
	// anywhere, so that no two nodes, or lives, have the same.
	request atomic.Uint64
}

// New returns a door that leads nowhere yet.
func New(config Config) *Door {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.RequestBytes == 0 {
		config.RequestBytes = tcp.RequestBytes
	}
	// Each of the two kinds of bytes of a budget may be as many.
	d := &Door{config: config, bodies: newBudget(config.RequestBytes / 2), answers: newBudget(config.RequestBytes / 2)}
	d.metrics = newMetrics(d)
	d.watches.readers = map[*reader]struct{}{}
	d.lines.all = map[*line]struct{}{}
	d.request.Store(rand.Uint64())
	return d
}

// Observe is to be called after every step of the node.
func (d *Door) Observe(step tcp.Step) {
	d.view.observe(step)
	d.metrics.observe(step)
	d.watches.observe(step)
}

// ObserveFsync takes note of how long the disk took to force what was written.
func (d *Door) ObserveFsync(took time.Duration) { d.metrics.fsync.Observe(took.Seconds()) }

// Open lets the door lead to a node.
func (d *Door) Open(node Node) { d.node.Store(&node) }

// Clients returns what serves the API.
func (d *Door) Clients() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("PUT /v1/kv/{key...}", d.handle(d.put))
	mux.Handle("GET /v1/kv/{key...}", d.handle(d.get))
	mux.Handle("DELETE /v1/kv/{key...}", d.handle(d.remove))
	mux.Handle("POST /v1/cas/{key...}", d.handle(d.one(machine.CAS)))
	mux.Handle("POST /v1/add/{key...}", d.handle(d.one(machine.Add)))
	mux.Handle("POST /v1/txn", d.handle(d.transact))
	mux.Handle("POST /v1/session", d.handle(d.session))
	mux.Handle("GET /v1/connect", d.handle(d.connect))
	mux.Handle("GET /v1/status", d.handle(d.status))
	mux.Handle("GET /v1/watch/{key...}", d.handle(d.watch))
	mux.Handle("/", d.handle(func(r *http.Request, _ Node) (any, error) {
		return nil, &Fault{Kind: "bad-request", Done: "no", Message: "no " + r.Method + " " + r.URL.Path, Hint: "GET /v1/status, GET /v1/kv/KEY, PUT /v1/kv/KEY …"}
	}))
	return mux
}

// answered is what a handler returns that has answered by itself.
type answered struct{}

// bodyMost is the most bytes of a request's body: a transaction's values are no more
// than a few times that of one command.
const bodyMost = 8 << 20

// bodyWithin is how long an answer may take to be taken.
const bodyWithin = 30 * time.Second

// handle turns what a function returns into an answer.
func (d *Door) handle(serve func(r *http.Request, node Node) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := d.bodies.begin(http.MaxBytesReader(w, r.Body, bodyMost), func() {
			http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
		})
		defer body.end()
		r.Body = io.NopCloser(body)
		var result any
		err := error(stopped())
		if node := d.node.Load(); node != nil {
			result, err = serve(r.WithContext(context.WithValue(r.Context(), exchangeKey{}, exchange{w, body})), *node)
		}
		if _, done := result.(answered); done {
			return
		}
		if err == nil {
			var paid func()
			if paid, err = d.room(result); err == nil {
				defer paid()
				d.write(w, http.StatusOK, result)
				return
			}
		}
		fault := faultOf(err)
		d.metrics.faults.WithLabelValues(fault.Kind).Inc()
		if fault.Kind == "busy" {
			w.Header().Set("Retry-After", "1")
		}
		d.write(w, statusOf(fault.Kind), fault)
	})
}

// exchange is what handle has of a request beside itself. It is put at exchangeKey.
type exchange struct {
	w    http.ResponseWriter
	body *body
}

type exchangeKey struct{}

// patient lets a request, all of which has been read, wait for longer than reading it
// may take: else the server would take the connection for broken.
func patient(r *http.Request) {
	if e, ok := r.Context().Value(exchangeKey{}).(exchange); ok {
		http.NewResponseController(e.w).SetReadDeadline(time.Time{}) // not every writer has one
		e.body.arrived()
	}
}

// room waits for room to write an answer, if it is large, and returns what gives it back.
func (d *Door) room(result any) (func(), error) {
	bytes := 0
	if sized, ok := result.(interface{ size() int }); ok {
		bytes = sized.size()
	}
	if bytes <= bodyFree {
		return func() {}, nil
	}
	if bytes > 2*bodyMost {
		return nil, answerTooLarge()
	}
	if paid := d.answers.rent(bytes); paid != nil {
		return paid, nil
	}
	return nil, &Fault{Kind: "timeout", Done: "unknown", Message: "many large answers wait to be taken", Hint: "ask again, of another node"}
}

// answerTooLarge is told of what was done, but whose result is more than is sent.
func answerTooLarge() *Fault {
	return &Fault{Kind: "too-large", Done: "unknown", Message: "the answer is larger than what is sent", Hint: "ask for fewer keys at once"}
}

func (d *Door) write(w http.ResponseWriter, status int, body any) {
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bodyWithin)) // not every writer has one
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		d.config.Log.Debug("an answer could not be written", "error", err)
	}
}

// statusOf returns the code for a kind of fault.
func statusOf(kind string) int {
	switch kind {
	case "not-found":
		return http.StatusNotFound
	case protocols.Conflict, protocols.Aborted:
		return http.StatusConflict
	case protocols.SessionGone, "compacted":
		return http.StatusGone
	case "too-large":
		return http.StatusRequestEntityTooLarge
	case "busy":
		return http.StatusTooManyRequests
	case protocols.Unsupported:
		return http.StatusNotImplemented
	case protocols.NoQuorum, protocols.NotLeader, "stopped":
		return http.StatusServiceUnavailable
	case "timeout":
		return http.StatusGatewayTimeout
	}
	return http.StatusBadRequest
}

// faultOf returns what an error tells the client. What is not a Fault already is
// about what the client sent.
func faultOf(err error) *Fault {
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault
	}
	kind := "bad-request"
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		kind = "too-large"
	} else if _, large := errors.AsType[errLarge](err); large {
		kind = "too-large"
	}
	return &Fault{Kind: kind, Done: "no", Message: err.Error()}
}

func stopped() *Fault {
	return &Fault{Kind: "stopped", Done: "no", Message: "the node is starting or stopping", Hint: "ask another node"}
}

// The longest and the usual time to wait for an answer.
const (
	timeoutUsual = 10 * time.Second
	timeoutMost  = time.Minute
)

// duration reads a time from the query.
func duration(r *http.Request, name string, usual time.Duration) (time.Duration, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return usual, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > timeoutMost {
		return 0, fmt.Errorf("%s is %q: use a time such as 500ms or 5s, at most %v", name, text, timeoutMost)
	}
	return d, nil
}

// identity reads the name of a request. One without gets a name that nobody else has.
func (d *Door) identity(r *http.Request) (protocols.ClientID, uint64, error) {
	client, request := r.Header.Get("Quorumlab-Client"), r.Header.Get("Quorumlab-Request")
	if client == "" && request == "" {
		return 0, d.request.Add(1), nil
	}
	id, err := strconv.ParseUint(client, 10, 32)
	if err != nil || id == 0 {
		return 0, 0, fmt.Errorf("the header Quorumlab-Client is %q: use the number that POST /v1/session gives", client)
	}
	number, err := strconv.ParseUint(request, 10, 64)
	if err != nil || number == 0 {
		return 0, 0, fmt.Errorf("the header Quorumlab-Request is %q: use a number from 1 that grows", request)
	}
	return protocols.ClientID(id), number, nil
}

// execute has the node execute a command.
func (d *Door) execute(r *http.Request, node Node, kind string, command protocols.Command) (protocols.Result, error) {
	client, request, err := d.identity(r)
	if err != nil {
		return nil, err
	}
	return d.ask(r, node, kind, client, request, command)
}

func (d *Door) ask(
	r *http.Request, node Node, kind string, client protocols.ClientID, request uint64, command protocols.Command,
) (protocols.Result, error) {
	timeout, err := duration(r, "timeout", timeoutUsual)
	if err != nil {
		return nil, err
	}
	patient(r)
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	begin := time.Now()
	a := node.Request(ctx, client, request, command)
	if err := faultOfAnswer(a); err != nil {
		return nil, err
	}
	d.metrics.latency.WithLabelValues(kind).Observe(time.Since(begin).Seconds())
	return a.Result, nil
}

// faultOfAnswer returns what a client is told of a request without a result, nil if
// there is one.
func faultOfAnswer(a tcp.Answer) error {
	switch {
	case a.Err != nil:
		return faultOfAsking(a.Err)
	case a.Refusal == protocols.SessionGone:
		return &Fault{Kind: a.Refusal, Done: "unknown", Message: "the client's session ended; an earlier asking may have been executed", Hint: "open a new session: POST /v1/session"}
	case a.Refusal != "":
		return &Fault{Kind: a.Refusal, Done: "no", Message: refusals[a.Refusal]}
	}
	return nil
}

// faultOfAsking returns what a client is told of a request that the driver did not
// have answered.
func faultOfAsking(err error) *Fault {
	switch {
	case errors.Is(err, tcp.ErrBusy):
		return &Fault{Kind: "busy", Done: "no", Message: err.Error()}
	case errors.Is(err, tcp.ErrStopped):
		return stopped()
	}
	return &Fault{Kind: "timeout", Done: "unknown", Message: err.Error(), Hint: "ask again, of another node, with the same Quorumlab-Client and Quorumlab-Request"}
}

// refusals explains them.
var refusals = map[string]string{
	protocols.NoQuorum:    "the node has no leader, or no quorum",
	protocols.NotLeader:   "the node does not lead",
	protocols.Aborted:     "the transaction was aborted",
	protocols.Conflict:    "another command was in the way",
	protocols.Unsupported: "the protocol cannot execute such a command",
}
