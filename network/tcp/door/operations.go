package door

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// one returns the handler of an operation whose command is the body.
func (d *Door) one(op machine.Op) func(r *http.Request, node Node) (any, error) {
	return func(r *http.Request, node Node) (any, error) {
		var sent Command
		if err := decode(json.NewDecoder(r.Body), &sent); err != nil {
			return nil, err
		}
		key := r.PathValue("key")
		switch {
		case sent.Key != "" && sent.Key != key:
			return nil, fmt.Errorf("the key is %q in the path and %q in the body", key, sent.Key)
		case sent.Op != "" && sent.Op != string(op):
			return nil, fmt.Errorf("the operation is %s by the path and %q by the body", op, sent.Op)
		}
		sent.Key, sent.Op = key, string(op)
		command, err := sent.command()
		if err != nil {
			return nil, err
		}
		return d.command(r, node, command)
	}
}

func (d *Door) put(r *http.Request, node Node) (any, error) { return d.one(machine.Put)(r, node) }

func (d *Door) remove(r *http.Request, node Node) (any, error) {
	command := machine.Command{Op: machine.Delete, Key: r.PathValue("key")}
	if err := checkKey(command.Key); err != nil {
		return nil, err
	}
	return d.command(r, node, command)
}

// command has a command executed, and returns its result as it is sent.
func (d *Door) command(r *http.Request, node Node, command machine.Command) (any, error) {
	result, err := d.execute(r, node, string(command.Op), command)
	if err != nil {
		return nil, err
	}
	sent, ok := result.(machine.Result)
	if !ok {
		return nil, fmt.Errorf("the node answers with a %T", result)
	}
	if sent.Error != "" {
		return nil, errors.New(sent.Error)
	}
	return resultOf(command.Op, sent), nil
}

func (d *Door) get(r *http.Request, node Node) (any, error) {
	command := machine.Command{Op: machine.Get, Key: r.PathValue("key")}
	if err := checkKey(command.Key); err != nil {
		return nil, err
	}
	var result machine.Result
	var err error
	switch consistency := r.URL.Query().Get("consistency"); consistency {
	case "", "linearizable":
		result, err = d.read(r, node, command)
	case "local":
		result, err = d.local(r.Context(), node, command)
	default:
		err = fmt.Errorf("consistency is %q: use linearizable or local", consistency)
	}
	if err != nil {
		return nil, err
	}
	if !result.Found {
		return nil, &Fault{Kind: "not-found", Done: "no", Message: "the key has no value"}
	}
	return valueOf(result.Value), nil
}

// read has the node answer a read that sees all that was answered before.
func (d *Door) read(r *http.Request, node Node, command machine.Command) (machine.Result, error) {
	if d.config.StaleReads {
		return machine.Result{}, staleReads()
	}
	got, err := d.execute(r, node, "get", command)
	if err != nil {
		if fault := faultOf(err); fault.Kind == "timeout" {
			fault.Hint = "ask again, of another node" // a read has done nothing
		}
		return machine.Result{}, err
	}
	return got.(machine.Result), nil
}

func staleReads() *Fault {
	return &Fault{
		Kind: protocols.Unsupported, Done: "no", Message: "the cluster is configured with reads=local",
		Hint: "use ?consistency=local, or configure it otherwise",
	}
}

// local reads from the node's own copy.
func (d *Door) local(ctx context.Context, node Node, command machine.Command) (result machine.Result, err error) {
	looked := node.Look(ctx, func(n protocols.Node, _ time.Duration) {
		got, _ := n.(protocols.Replica).Replicated().Query(command)
		result = got.(machine.Result)
	})
	if !looked {
		return result, stopped()
	}
	return result, nil
}

func (d *Door) transact(r *http.Request, node Node) (any, error) {
	var sent Transaction
	if err := decode(json.NewDecoder(r.Body), &sent); err != nil {
		return nil, err
	}
	transaction, err := sent.transaction()
	if err != nil {
		return nil, err
	}
	result, err := d.execute(r, node, "txn", transaction)
	if err != nil {
		return nil, err
	}
	done, ok := result.(machine.TransactionResult)
	if !ok {
		return nil, fmt.Errorf("the node answers with a %T", result)
	}
	answer := TransactionResult{Aborted: done.Aborted, Error: done.Error}
	for i, result := range done.Results {
		answer.Results = append(answer.Results, resultOf(transaction.Commands[i].Op, result))
	}
	return answer, nil
}

// session gives a client a number that nobody had before, by adding to a key. If
// nobody knows whether that was done a number is left out, which harms nobody.
func (d *Door) session(r *http.Request, node Node) (any, error) {
	result, err := d.ask(r, node, "session", 0, d.request.Add(1), nextSession())
	if err != nil {
		return nil, err
	}
	client, err := sessionOf(result.(machine.Result))
	if err != nil {
		return nil, err
	}
	return struct {
		Client protocols.ClientID `json:"client"`
	}{client}, nil
}

// nextSession is the command that gives a client a number, sessionOf returns it.
func nextSession() protocols.Command {
	return machine.Command{Op: machine.Add, Key: sessionKey, Value: "1"}
}

func sessionOf(result machine.Result) (protocols.ClientID, error) {
	before := int64(0)
	if result.Found {
		var err error
		if before, err = strconv.ParseInt(result.Value, 10, 64); err != nil {
			return 0, fmt.Errorf("the number of sessions is %q", result.Value)
		}
	}
	if before >= math.MaxUint32 {
		return 0, &Fault{Kind: protocols.Unsupported, Done: "no", Message: "all numbers of clients are used up"}
	}
	return protocols.ClientID(before + 1), nil
}

func (d *Door) status(r *http.Request, node Node) (any, error) {
	s := Status{Schema: 1, ID: d.config.ID, Cluster: d.config.Cluster, Protocol: d.config.Protocol}
	looked := node.Look(r.Context(), func(n protocols.Node, _ time.Duration) {
		if journal := journalOf(n); journal != nil {
			s.Revision, s.Keys = journal.Revision, journal.Values.Count
			if own, _ := journal.Query(machine.Command{Op: machine.Get, Key: sessionKey}); own.(machine.Result).Found {
				s.Keys--
			}
		}
	})
	if !looked {
		return nil, stopped()
	}
	s.Role, s.Leading, s.Epoch = d.view.role()
	s.Connected = []protocols.NodeID{}
	for _, peer := range node.Stats().Peers {
		if peer.Connected {
			s.Connected = append(s.Connected, peer.ID)
		}
	}
	return s, nil
}

// journalOf returns what a node replicates, nil if it is something else.
func journalOf(node protocols.Node) *machine.Journal {
	replica, ok := node.(protocols.Replica)
	if !ok {
		return nil
	}
	journal, _ := replica.Replicated().(*machine.Journal)
	return journal
}
