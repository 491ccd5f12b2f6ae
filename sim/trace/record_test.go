package trace_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// newRecorder returns a recorder for steps made by hand, and an empty step.
func newRecorder(t testing.TB, w io.Writer) (*trace.Recorder, *sim.Step) {
	t.Helper()
	codec, err := state.NewCodec(sim.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := trace.NewRecorder(w, codec, header)
	if err != nil {
		t.Fatal(err)
	}
	return r, &sim.Step{Number: 0, Choice: sim.Choice{Kind: sim.Invoke, Client: 1}}
}

// everything returns a step with one of each kind of event and effect, with a
// text in every place that has one.
func everything(text string, event int) *sim.Step {
	timer := protocols.Timer{Name: text, Key: 3}
	disk := protocols.Disk{Meta: text, First: 2, Log: []protocols.Record{text, nil}, Snapshot: text, Damaged: []uint64{3}}
	events := []protocols.Event{
		protocols.Received{From: 2, Message: text},
		protocols.TimerFired{Timer: timer},
		protocols.Requested{Client: 1, Request: 2, Command: text},
		protocols.Persisted{Mark: 5},
		protocols.Disconnected{Peer: 2},
		protocols.Recovered{Disk: disk},
		protocols.Received{From: 1},
	}
	clients := []sim.ClientStep{
		{Client: 1, Operation: 2, Node: 3, Invoked: true, Command: text},
		{Client: 1, Operation: 2, Node: 3, Returned: true, Outcome: sim.Fail, Reason: text},
		{Client: 1, Operation: 2, Node: 3, Returned: true, Outcome: sim.OK, Result: text},
		{Client: 1, Operation: 2, Node: 3, Returned: true, Outcome: sim.Outcome(text)},
		{Client: 1, Operation: 2, Node: 3},
		{},
	}
	step := &sim.Step{
		Number: 12, Time: 34, Node: 1, Clock: -56, Event: events[event%len(events)], Lost: event % 2,
		Choice: sim.Choice{Kind: sim.Kind(event), Node: 1, Peer: 2, Keep: 3, Client: 4, ID: 5},
		Client: clients[event%len(clients)],
		Effects: protocols.Effects{
			protocols.Send{To: 2, Message: text},
			protocols.SetTimer{Timer: timer, Min: 1, Max: 2},
			protocols.CancelTimer{Timer: timer},
			protocols.Persist{Mark: 7, Writes: []protocols.Write{
				protocols.Append{Record: text},
				protocols.SetMeta{Meta: text},
				protocols.SaveSnapshot{Snapshot: text},
				protocols.CutTail{From: 3},
				protocols.CutHead{Before: 2},
			}},
			protocols.Persist{Mark: 8},
			protocols.Reply{Client: 1, Request: 2, Result: text},
			protocols.Reply{Client: 1, Request: 2, Refusal: text},
			protocols.Note{Kind: protocols.NoteKind(text), Term: 1, Slot: 2, Value: text, Text: text},
			protocols.Note{},
		},
	}
	if event%3 == 0 {
		step.Fault = &sim.Fault{Kind: sim.CutLinks, Cut: text, Pairs: network.Partial(1, 2)}
	}
	return step
}

// TestRecordsAreJSON: whatever the texts, a record is one line of valid JSON
// from which they can be read back.
func TestRecordsAreJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(
			rapid.String(),
			rapid.SampledFrom([]string{`"`, `\`, "\n", `","hash":"`, "\x00", "\xff\xfe", "\u2028", "</script>", "\x7f", "é"}),
		).Draw(rt, "text")
		var file bytes.Buffer
		r, _ := newRecorder(t, &file)
		r.Observe(nil, everything(text, rapid.IntRange(0, 20).Draw(rt, "event")))
		if err := r.Close(); err != nil {
			rt.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(file.String(), "\n"), "\n")
		if len(lines) != 3 {
			rt.Fatalf("%d lines: %q", len(lines), lines)
		}
		for _, line := range lines {
			if !json.Valid([]byte(line)) {
				rt.Fatalf("no JSON: %s", line)
			}
		}
		var record struct {
			N       int
			Effects []struct {
				Set, Note *string
				Refusal   string
			}
		}
		if err := json.Unmarshal([]byte(lines[1]), &record); err != nil {
			rt.Fatal(err)
		}
		want := strings.ToValidUTF8(text, "\ufffd")
		if len(text) > 0 && want != text {
			return // a run of bad bytes may become one mark or several
		}
		e := record.Effects
		if len(e) != 9 || *e[1].Set != want || e[6].Refusal != want || *e[7].Note != want {
			rt.Fatalf("%q came back as %s", text, lines[1])
		}
	})
}

func TestRecordsInFull(t *testing.T) {
	var file bytes.Buffer
	r, _ := newRecorder(t, &file)
	r.Observe(nil, everything("x", 1))
	want := `{"n":12,"t":34,"do":{"deliver":5,"node":1,"peer":2,"keep":3,"client":4},"node":1,"clock":-56,` +
		`"event":{"timer":"x","key":3},"effects":[{"send":2,"message":"x"},{"set":"x","key":3,"min":1,"max":2},{"cancel":"x","key":3},` +
		`{"persist":7,"writes":[{"append":"x"},{"meta":"x"},{"snapshot":"x"},{"cutTail":3},{"cutHead":2}]},{"persist":8,"writes":[]},` +
		`{"reply":1,"request":2,"result":"x"},{"reply":1,"request":2,"refusal":"x"},` +
		`{"note":"x","term":1,"slot":2,"value":"x","text":"x"},{"note":""}],"lost":1,` +
		`"client":{"id":1,"operation":2,"asks":3,"does":"return","outcome":"fail","reason":"x"},"hash":"`
	line := strings.Split(file.String(), "\n")[1]
	if !strings.HasPrefix(line, want) || len(line) != len(want)+len(r.Hash())+2 {
		t.Errorf("the record is\n%s\nwant\n%s", line, want)
	}
}

// TestHashTellsRunsApart: what the header says of the run is in it, the
// version of the code is not.
func TestHashTellsRunsApart(t *testing.T) {
	hash := func(change func(*trace.Header)) string {
		h := header
		change(&h)
		codec, err := state.NewCodec(sim.Types()...)
		if err != nil {
			t.Fatal(err)
		}
		r, err := trace.NewRecorder(nil, codec, h)
		if err != nil {
			t.Fatal(err)
		}
		r.Observe(nil, everything("x", 1))
		return r.Hash()
	}
	same := hash(func(*trace.Header) {})
	if hash(func(h *trace.Header) { h.Code = "another" }) != same {
		t.Error("the version of the code is in the hash")
	}
	for name, change := range map[string]func(*trace.Header){
		"scenario": func(h *trace.Header) { h.Scenario = "other" },
		"run":      func(h *trace.Header) { h.Run = "other" },
		"seed":     func(h *trace.Header) { h.Seed++ },
		"mutant":   func(h *trace.Header) { h.Mutant = "other" },
		"nodes":    func(h *trace.Header) { h.Nodes = nil },
		"document": func(h *trace.Header) { h.Document = json.RawMessage("{}") },
	} {
		if hash(change) == same {
			t.Errorf("the %s is not in the hash", name)
		}
	}
}

func TestBadHeader(t *testing.T) {
	h := header
	h.Document = json.RawMessage("{")
	if _, err := trace.NewRecorder(nil, nil, h); err == nil {
		t.Error("a document that is no JSON is accepted")
	}
}
