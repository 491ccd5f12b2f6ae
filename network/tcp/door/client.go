package door

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// Client asks a cluster, and asks again, of one node after the other, until it is
// answered or its context ends: each command takes effect at most once, whatever
// breaks. It runs one command at a time; several goroutines need several Clients.
type Client struct {
	nodes []string
	// attempt is how long one node is given to answer.
	attempt time.Duration
	// web is for what only HTTP can do, asker for all else.
	web   *http.Client
	asker asker

	mu      sync.Mutex
	at      int // the node that is asked first
	session protocols.ClientID
	request uint64
}

// asker asks one node one question. An error that is a *Fault is the node's own.
type asker interface {
	ask(ctx context.Context, node string, q question) (answer, error)
	close()
}

// ClientOptions are what can be chosen of a Client. The zero value is good.
type ClientOptions struct {
	// HTTP has everything asked in HTTP and JSON, by this client, which must have no
	// time-out of its own and may be shared. nil stands for the binary API.
	HTTP *http.Client
	// Attempt is how long one node is given, 2s if it is 0.
	Attempt time.Duration
	// First is the position of the node that is asked first.
	First int
}

// NewClient returns a client of the nodes whose doors are at these addresses
// (host:port), at least one. Nothing is asked yet.
func NewClient(nodes []string, options ClientOptions) *Client {
	c := &Client{nodes: nodes, web: options.HTTP, attempt: options.Attempt, at: options.First}
	if c.attempt == 0 {
		c.attempt = 2 * time.Second
	}
	if c.web != nil {
		c.asker = &webAsker{c.web, c.attempt}
		return c
	}
	c.web, c.asker = NewTransport(1), &wireAsker{attempt: c.attempt}
	return c
}

// NewTransport returns an http.Client that keeps as many connections to a node.
func NewTransport(connections int) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: time.Second}).DialContext,
		MaxIdleConnsPerHost: connections, MaxIdleConns: 0, IdleConnTimeout: time.Minute, DisableCompression: true,
	}}
}

// Close lets go of the client's connection, if it has one.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asker.close()
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
	given, err := c.pose(ctx, question{kind: askSession})
	if err != nil {
		return err
	}
	c.session, c.request = given.session, 0
	return nil
}

// Do executes a command, a machine.Command or a machine.Transaction, and returns its
// machine.Result or machine.TransactionResult. An UnknownError says that it may have
// been executed; any other error, that it was not and will not be.
func (c *Client) Do(ctx context.Context, command protocols.Command) (protocols.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := question{kind: askCommand, command: command}
	var err error
	switch command := command.(type) {
	case machine.Command:
		if err = checkCommand(&command); command.Op == machine.Get && err == nil {
			return c.read(ctx, q)
		}
	case machine.Transaction:
		q.kind = askTransaction
		err = checkTransaction(&command)
	default:
		err = fmt.Errorf("a command of type %T cannot be asked", command)
	}
	if err == nil {
		err = c.open(ctx)
	}
	if err != nil {
		return nil, err
	}
	c.request++
	q.client, q.request = c.session, c.request
	given, err := c.pose(ctx, q)
	if err != nil {
		if fault, ok := errors.AsType[*Fault](err); ok && fault.Kind == protocols.SessionGone {
			c.session = 0
		}
		return nil, err
	}
	return given.result, nil
}

// Get reads a key from the node's own copy if it is local, else so that it sees all
// that was answered before.
func (c *Client) Get(ctx context.Context, key string, local bool) (machine.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := question{kind: askCommand, command: machine.Command{Op: machine.Get, Key: key}}
	if local {
		q.kind = askLocal
	}
	return c.read(ctx, q)
}

func (c *Client) read(ctx context.Context, q question) (machine.Result, error) {
	given, err := c.pose(ctx, q)
	if err != nil {
		return machine.Result{}, err
	}
	result, ok := given.result.(machine.Result)
	if !ok {
		return result, fmt.Errorf("a read is answered with a %T", given.result)
	}
	return result, nil
}

// pose asks one node after the other a question.
func (c *Client) pose(ctx context.Context, q question) (given answer, err error) {
	err = c.retry(ctx, q.client != 0, func(node string) error {
		given, err = c.asker.ask(ctx, node, q)
		return err
	})
	return given, err
}

// retry asks one node after the other. Where the asking names the request (named) an
// answer that is unknown is no end; where it does not, nothing is done by asking twice.
func (c *Client) retry(ctx context.Context, named bool, ask func(node string) error) error {
	pause := pauseMin
	unknown := false
	for asked := 1; ; asked++ {
		err := ask(c.nodes[c.at%len(c.nodes)])
		if err == nil {
			return nil
		}
		fault, told := errors.AsType[*Fault](err)
		if unknown = unknown || !told || fault.Unknown(); told && final(fault) {
			if unknown && named {
				return &UnknownError{err}
			}
			return err
		}
		c.at++
		if asked%len(c.nodes) == 0 {
			if wait(ctx, pause) {
				pause = min(2*pause, pauseMax)
				continue
			}
		} else if ctx.Err() == nil {
			continue
		}
		if unknown && named {
			return &UnknownError{err}
		}
		return fmt.Errorf("no node answers: %w", err)
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
