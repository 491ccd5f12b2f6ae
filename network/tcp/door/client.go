package door

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Client asks a cluster, and asks again, of one node after the other, until it is
// answered or its context ends: each command takes effect at most once, whatever
// breaks. It runs one command at a time; several goroutines need several Clients,
// which may share one http.Client.
type Client struct {
	nodes []string
	http  *http.Client
	// attempt is how long one node is given to answer.
	attempt time.Duration

	mu      sync.Mutex
	at      int // the node that is asked first
	session protocols.ClientID
	request uint64
}

// ClientOptions are what can be chosen of a Client. The zero value is good.
type ClientOptions struct {
	// HTTP is used for all requests. It must have no time-out of its own.
	HTTP *http.Client
	// Attempt is how long one node is given, 2s if it is 0.
	Attempt time.Duration
	// First is the position of the node that is asked first.
	First int
}

// NewClient returns a client of the nodes whose doors are at these addresses
// (host:port), at least one. Nothing is asked yet.
func NewClient(nodes []string, options ClientOptions) *Client {
	c := &Client{nodes: nodes, http: options.HTTP, attempt: options.Attempt, at: options.First}
	if c.http == nil {
		c.http = NewTransport(1)
	}
	if c.attempt == 0 {
		c.attempt = 2 * time.Second
	}
	return c
}

// NewTransport returns an http.Client that keeps as many connections to a node.
func NewTransport(connections int) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: time.Second}).DialContext,
		MaxIdleConnsPerHost: connections, MaxIdleConns: 0, IdleConnTimeout: time.Minute, DisableCompression: true,
	}}
}

// UnknownError is the end of a command of which nobody knows whether it took, or
// will take, effect.
type UnknownError struct{ Why error }

func (e *UnknownError) Error() string {
	return "nobody knows whether it was done: " + e.Why.Error()
}

func (e *UnknownError) Unwrap() error { return e.Why }

// pauses between two rounds of all nodes.
const (
	pauseMin = 5 * time.Millisecond
	pauseMax = 200 * time.Millisecond
)

// Session returns the client's number, which it gets if it has none.
func (c *Client) Session(ctx context.Context) (protocols.ClientID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.open(ctx)
	return c.session, err
}

// open gets a number. To have asked for one in vain is harmless.
func (c *Client) open(ctx context.Context) error {
	if c.session != 0 {
		return nil
	}
	var given struct {
		Client protocols.ClientID `json:"client"`
	}
	err := c.retry(ctx, false, func(ctx context.Context, node string) error {
		return c.send(ctx, http.MethodPost, node, "/v1/session", false, nil, &given)
	})
	if err != nil {
		return err
	}
	c.session, c.request = given.Client, 0
	return nil
}

// Do executes a command, a machine.Command or a machine.Transaction, and returns its
// machine.Result or machine.TransactionResult. An UnknownError says that it may have
// been executed; any other error, that it was not and will not be.
func (c *Client) Do(ctx context.Context, command protocols.Command) (protocols.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if read, ok := command.(machine.Command); ok && read.Op == machine.Get {
		return c.read(ctx, read.Key, "linearizable")
	}
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	c.request++
	method, path, body, err := route(command)
	if err != nil {
		return nil, err
	}
	var single Result
	var several TransactionResult
	var into any = &single
	_, whole := command.(machine.Transaction)
	if whole {
		into = &several
	}
	err = c.retry(ctx, true, func(ctx context.Context, node string) error {
		return c.send(ctx, method, node, path, true, body, into)
	})
	switch {
	case err != nil:
		if fault, ok := errors.AsType[*Fault](err); ok && fault.Kind == protocols.SessionGone {
			c.session = 0
		}
		return nil, err
	case !whole:
		return single.result()
	}
	result := machine.TransactionResult{Aborted: several.Aborted, Error: several.Error}
	for _, sent := range several.Results {
		part, err := sent.result()
		if err != nil {
			return nil, &UnknownError{err}
		}
		result.Results = append(result.Results, part)
	}
	return result, nil
}

// Get reads a key from the node's own copy if it is local, else so that it sees all
// that was answered before.
func (c *Client) Get(ctx context.Context, key string, local bool) (machine.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	consistency := "linearizable"
	if local {
		consistency = "local"
	}
	return c.read(ctx, key, consistency)
}

func (c *Client) read(ctx context.Context, key, consistency string) (machine.Result, error) {
	var value Value
	err := c.retry(ctx, false, func(ctx context.Context, node string) error {
		return c.send(ctx, http.MethodGet, node, "/v1/kv/"+escape(key)+"?consistency="+consistency, false, nil, &value)
	})
	if fault, ok := errors.AsType[*Fault](err); ok && fault.Kind == "not-found" {
		return machine.Result{}, nil
	}
	if err != nil {
		return machine.Result{}, err
	}
	text, err := value.String()
	return machine.Result{Value: text, Found: true}, err
}

// route returns how a command is asked.
func route(command protocols.Command) (method, path string, body []byte, err error) {
	switch command := command.(type) {
	case machine.Command:
		sent := commandOf(command)
		if _, err := sent.command(); err != nil {
			return "", "", nil, err
		}
		path := escape(command.Key)
		sent.Op, sent.Key = "", ""
		body, err = json.Marshal(sent)
		switch command.Op {
		case machine.Put:
			return http.MethodPut, "/v1/kv/" + path, body, err
		case machine.Delete:
			return http.MethodDelete, "/v1/kv/" + path, nil, err
		}
		return http.MethodPost, "/v1/" + string(command.Op) + "/" + path, body, err
	case machine.Transaction:
		var sent Transaction
		for _, part := range command.Commands {
			sent.Commands = append(sent.Commands, commandOf(part))
		}
		if _, err := sent.transaction(); err != nil {
			return "", "", nil, err
		}
		body, err = json.Marshal(sent)
		return http.MethodPost, "/v1/txn", body, err
	}
	return "", "", nil, fmt.Errorf("a command of type %T cannot be asked", command)
}

// escape makes a key a part of a path.
func escape(key string) string { return url.PathEscape(key) }

// retry asks one node after the other. Where the asking names the request (named) an
// answer that is unknown is no end; where it does not, nothing is done by asking twice.
func (c *Client) retry(ctx context.Context, named bool, ask func(ctx context.Context, node string) error) error {
	pause := pauseMin
	unknown := false
	for asked := 1; ; asked++ {
		attempt, cancel := context.WithTimeout(ctx, c.attempt)
		err := ask(attempt, c.nodes[c.at%len(c.nodes)])
		cancel()
		fault, told := errors.AsType[*Fault](err)
		switch {
		case err == nil:
			return nil
		case told && final(fault):
			if unknown = unknown || fault.Unknown(); unknown && named {
				return &UnknownError{err}
			}
			return err
		}
		unknown = unknown || !told || fault.Unknown()
		c.at++
		if asked%len(c.nodes) == 0 {
			if waited := wait(ctx, pause); !waited {
				if unknown && named {
					return &UnknownError{err}
				}
				return fmt.Errorf("no node answers: %w", err)
			}
			pause = min(2*pause, pauseMax)
		} else if ctx.Err() != nil {
			if unknown && named {
				return &UnknownError{err}
			}
			return fmt.Errorf("no node answers: %w", err)
		}
	}
}

// final tells whether to ask again makes no sense.
func final(fault *Fault) bool {
	switch fault.Kind {
	case protocols.NoQuorum, protocols.NotLeader, "stopped", "busy", "timeout":
		return false
	}
	return true
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// send makes one HTTP request. Its error is a *Fault if the node said what is wrong.
func (c *Client) send(ctx context.Context, method, node, path string, named bool, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+node+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if named {
		request.Header.Set("Quorumlab-Client", strconv.FormatUint(uint64(c.session), 10))
		request.Header.Set("Quorumlab-Request", strconv.FormatUint(c.request, 10))
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return readAnswer(response, into)
}

// readAnswer reads what a node answered.
func readAnswer(response *http.Response, into any) error {
	content, err := io.ReadAll(io.LimitReader(response.Body, 2*bodyMost))
	if err != nil {
		return err
	}
	if response.StatusCode == http.StatusOK {
		return json.Unmarshal(content, into)
	}
	var fault Fault
	if err := json.Unmarshal(content, &fault); err != nil || fault.Kind == "" {
		return fmt.Errorf("%s: %.200s", response.Status, content)
	}
	return &fault
}

// Status asks one node who and how it is.
func (c *Client) Status(ctx context.Context, node string) (Status, error) {
	var s Status
	err := c.send(ctx, http.MethodGet, node, "/v1/status", false, nil, &s)
	return s, err
}

// Watch calls a function for each change of a key, or of all that begin so, from a
// revision on (0: from now on), until it returns false or the context ends; ready is
// called, if it is not nil, each time that a node has begun to tell. If a node goes
// another one is asked for what comes next. The error is a Fault "compacted" if that
// is not known any more.
func (c *Client) Watch(
	ctx context.Context, key string, prefix bool, from uint64, ready func(revision uint64), tell func(Change) bool,
) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		err := c.retry(ctx, false, func(context.Context, string) error {
			return c.follow(ctx, c.nodes[c.at%len(c.nodes)], key, prefix, &from, ready, tell)
		})
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if fault, ok := errors.AsType[*Fault](err); ok && final(fault) {
			return err
		}
	}
}

// errGone is the end of a watch whose node is gone.
var errGone = errors.New("the node tells no more")

// follow watches at one node. It returns nil when nothing more is wanted.
func (c *Client) follow(
	ctx context.Context, node, key string, prefix bool, from *uint64, ready func(uint64), tell func(Change) bool,
) error {
	path := "/v1/watch/" + escape(key) + "?prefix=" + strconv.FormatBool(prefix)
	if *from > 0 {
		path += "&from=" + strconv.FormatUint(*from, 10)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+node+path, nil)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return readAnswer(response, nil)
	}
	return c.readEvents(response.Body, from, ready, tell)
}

// readEvents reads server-sent events. The changes of a revision are told together,
// when all are there, and then from is moved on.
func (c *Client) readEvents(body io.Reader, from *uint64, ready func(uint64), tell func(Change) bool) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 4*ValueMost)
	var event, id string
	var group []Change
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			event = value
		case "id":
			id = value
		}
		if name != "data" || event != "ready" && event != "change" {
			continue
		}
		var change Change
		if err := json.Unmarshal([]byte(value), &change); err != nil {
			return fmt.Errorf("the node tells %.200s: %w", value, err)
		}
		if event == "ready" {
			*from = max(*from, change.Revision+1)
			if ready != nil {
				ready(change.Revision)
			}
			continue
		}
		if group = append(group, change); id == "" {
			continue
		}
		for _, change := range group {
			if !tell(change) {
				return nil
			}
		}
		*from, group, id = change.Revision+1, nil, ""
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errGone
}
