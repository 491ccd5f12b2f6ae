package world

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"quorumlab/checker/linear"
)

// entry is an event that a client saw: that it began its next command, or that
// it is over.
type entry struct {
	client  uint8
	invoked bool
	outcome clientOutcome
	result  uint32
}

type clientOutcome uint8

const (
	okOutcome clientOutcome = iota + 1
	failOutcome
	infoOutcome
)

var outcomeNames = [...]linear.Outcome{okOutcome: linear.OK, failOutcome: linear.Fail, infoOutcome: linear.Info}

// judged is an interned history with the verdict on it.
type judged struct {
	entries []entry
	hits    uint64
	reason  string
}

// append interns a history with one more entry. Beginnings without an end
// between them are in no order that anybody could tell, and so for ends: they
// are sorted.
func (m *Model) append(id uint32, e entry) uint32 {
	entries := append(slices.Clone(m.histories.At(id).entries), e)
	for i := len(entries) - 1; i > 0; i-- {
		a, b := entries[i-1], entries[i]
		if a.invoked != b.invoked || a.client <= b.client {
			break
		}
		entries[i-1], entries[i] = b, a
	}
	return m.history(entries)
}

func (m *Model) history(entries []entry) uint32 {
	var key []byte
	for _, e := range entries {
		key = append(key, e.client, byte(e.outcome))
		key = binary.LittleEndian.AppendUint32(key, e.result)
	}
	return m.histories.Number(string(key), 2*len(key), func() (*judged, uint64) {
		return m.judge(entries), 0
	})
}

// judge tells whether a history is linearizable, once and for all.
func (m *Model) judge(entries []entry) *judged {
	j := &judged{entries: entries}
	for _, e := range entries {
		if e.outcome == okOutcome {
			j.hits |= hitsAnswered
		}
	}
	if m.config.Record == nil {
		return j
	}
	result, err := linear.Check(context.Background(), m.operations(entries), m.config.Model, linear.Options{})
	switch {
	case err != nil:
		j.hits, j.reason = j.hits|hitsLinear, "a node answers what no operation can: "+err.Error()
	case result.Verdict == linear.Violated:
		j.hits, j.reason = j.hits|hitsLinear, result.Explanation
	}
	return j
}

// operations returns the history as the judges of histories want it: the
// position of an entry is its instant.
func (m *Model) operations(entries []entry) linear.History {
	var history linear.History
	begun := make([]int, len(m.config.Clients))
	open := make([]int, len(m.config.Clients))
	for i, e := range entries {
		client := &m.config.Clients[e.client]
		if e.invoked {
			op := linear.Operation{
				ID: len(history) + 1, Session: uint64(e.client) + 1, Client: client.Name,
				Invoke: int64(i), Return: linear.Never, Outcome: linear.Info,
			}
			m.config.Record(&op, client.Commands[begun[e.client]], nil)
			open[e.client] = len(history)
			begun[e.client]++
			history = append(history, op)
			continue
		}
		op := &history[open[e.client]]
		op.Return, op.Outcome = int64(i), outcomeNames[e.outcome]
		if e.outcome == okOutcome {
			m.config.Record(op, client.Commands[begun[e.client]-1], m.results.At(e.result).Result)
		}
	}
	return history
}

// tellHistory tells what the clients saw.
func (m *Model) tellHistory(id uint32) string {
	var told string
	begun := make([]int, len(m.config.Clients))
	for _, e := range m.histories.At(id).entries {
		name := m.config.Clients[e.client].Name
		switch {
		case e.invoked:
			begun[e.client]++
			told += fmt.Sprintf("%s asks %s; ", name, m.tellCommand(int(e.client), begun[e.client]))
		case e.outcome == okOutcome:
			told += fmt.Sprintf("%s gets %s; ", name, m.json(m.results.At(e.result).Result))
		default:
			told += fmt.Sprintf("%s: %s; ", name, outcomeNames[e.outcome])
		}
	}
	if reason := m.histories.At(id).reason; reason != "" {
		told += reason
	}
	return told
}

func (m *Model) tellCommand(client, number int) string {
	return m.json(m.config.Clients[client].Commands[number-1])
}

func (m *Model) json(v any) string {
	if v == nil {
		return "nothing"
	}
	return string(m.codec.AppendJSON(nil, v))
}
