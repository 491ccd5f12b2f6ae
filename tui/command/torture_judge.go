package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/network/tcp/door"
	"quorumlab/network/tcp/load"
	"quorumlab/protocols"
)

// What is done when the time is up: everything is repaired, every key is read once
// more, and what clients saw and nodes recorded is judged.

// settleMax bounds how long the repaired cluster may take to serve.
const settleMax = 60 * time.Second

// settle ends all faults and reads everything.
func (t *tormented) settle(ctx context.Context) error {
	if err := t.network.heal(); err != nil {
		return failure(err)
	}
	for _, status := range t.cluster.Status() {
		if status.State == "paused" {
			t.cluster.Resume(status.ID)
		}
	}
	t.lookAfter()
	t.clients.stop()
	if err := t.awaitAll(ctx, settleMax); err != nil {
		return failure(fmt.Errorf("%v after all was repaired the cluster does not serve: %w", settleMax, err))
	}
	return t.readAll(ctx)
}

// awaitAll waits until all nodes answer linearizable reads. Nodes that end by
// themselves are noted and started again.
func (t *tormented) awaitAll(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		err := error(nil)
		for _, node := range t.cluster.Layout().Nodes {
			attempt, done := context.WithTimeout(ctx, 2*time.Second)
			err = errors.Join(err, ready(attempt, node.Admin))
			done()
		}
		if err == nil {
			return nil
		}
		if !t.rest(ctx, 50, 50) {
			return err
		}
		if t.clients != nil {
			t.lookAfter()
		}
	}
}

// readAll reads the shared keys once more, for the history, and looks for the keys
// that were written once.
func (t *tormented) readAll(ctx context.Context) error {
	c := t.clients
	keys := slices.Sorted(maps.Keys(c.shared))
	own := slices.Sorted(maps.Keys(c.own))
	transport := door.NewTransport(t.flags.clients)
	readers := make([]*tortureClient, t.flags.clients)
	for i := range readers {
		readers[i] = &tortureClient{
			all: c, number: t.flags.clients + i, seen: map[string]linear.Value{},
			door: door.NewClient(c.doors, door.ClientOptions{HTTP: transport, First: i}),
		}
	}
	var mu sync.Mutex
	var unread error
	load.Run(ctx, load.Options{
		Clients: len(readers), Duration: time.Hour, Requests: uint64(len(keys) + len(own)),
		Do: func(_ context.Context, client int, n uint64) error {
			key := ""
			if n < uint64(len(keys)) {
				key = keys[n]
			} else {
				key = own[n-uint64(len(keys))]
			}
			op := readers[client].perform(linear.Operation{Key: key, Kind: linear.Read})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case op.Outcome != linear.OK:
				unread = fmt.Errorf("%s cannot be read at the end: %s", key, op.Error)
			case n >= uint64(len(keys)):
				t.found(key, op.Out)
			}
			return nil
		},
	})
	slices.Sort(t.report.Lost)
	if unread != nil {
		return failure(unread)
	}
	return nil
}

// lostMost is how many lost writes are told by name.
const lostMost = 20

// found takes up what a key holds that was written once.
func (t *tormented) found(key string, value linear.Value) {
	written := t.clients.own[key]
	if !written.acknowledged {
		return
	}
	t.report.Acknowledged++
	switch {
	case value == linear.Some(written.value):
		t.report.Found++
	case len(t.report.Lost) < lostMost:
		t.report.Lost = append(t.report.Lost, key)
	}
}

// judge judges the history and has the nodes' records executed again.
func (t *tormented) judge(ctx context.Context) error {
	r := t.report
	history := t.clients.history
	err := create(r.History, func(w io.Writer) error { return linear.Encode(w, history) })
	if err != nil {
		return err
	}
	t.figures(history)
	model, err := linear.ModelByName("kv")
	if err != nil {
		return internal(err)
	}
	result, err := linear.Check(ctx, history, model, linear.Options{})
	if err != nil {
		return internal(err)
	}
	r.Verdict, r.Explanation = string(result.Verdict), result.Explanation
	if t.flags.replay {
		for node := 1; node <= t.flags.nodes; node++ {
			if err := t.cluster.Stop(protocols.NodeID(node)); err != nil {
				return failure(err)
			}
		}
		t.replayNodes(ctx)
	}
	r.Held = result.Verdict == linear.Holds && r.Found == r.Acknowledged && len(r.Exits) == 0 &&
		!slices.ContainsFunc(r.Replays, func(n nodeReplay) bool { return n.Error != "" })
	return nil
}

// figures counts the operations, and measures.
func (t *tormented) figures(history linear.History) {
	r := t.report
	var times load.Result
	var acknowledged []linear.Operation
	for i := range history {
		op := &history[i]
		switch op.Outcome {
		case linear.OK:
			r.OK++
			times.Latencies = append(times.Latencies, time.Duration(op.Return-op.Invoke))
			if op.Kind == linear.Write {
				acknowledged = append(acknowledged, *op)
			}
		case linear.Fail:
			r.Failed++
		default:
			r.Unknown++
		}
	}
	r.Operations = len(history)
	slices.Sort(times.Latencies)
	milliseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	r.P50, r.P99 = milliseconds(times.Percentile(50)), milliseconds(times.Percentile(99))
	slices.SortFunc(acknowledged, func(a, b linear.Operation) int { return cmp.Compare(a.Return, b.Return) })
	for _, killed := range t.leaderKilled {
		for i := range acknowledged {
			// One that was under way at the kill may have been answered before.
			if op := &acknowledged[i]; op.Invoke > int64(killed) {
				r.FailOvers = append(r.FailOvers, milliseconds(time.Duration(op.Return)-killed))
				break
			}
		}
	}
	if n := len(r.FailOvers); n > 0 {
		sorted := slices.Sorted(slices.Values(r.FailOvers))
		r.FailOverMedian = (sorted[(n-1)/2] + sorted[n/2]) / 2
	}
}
