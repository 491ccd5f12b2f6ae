package command

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"quorumlab/checker/mutants"
	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/hint"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// This file makes the nodes that run for real, once to run and once more to
// replay, and writes down what they do.

// liveCodec knows all that real nodes send, keep and record.
func liveCodec() (*state.Codec, error) {
	return state.NewCodec(slices.Concat(catalog.Types(), mutants.Types(), sim.Types())...)
}

// liveMachines are the state machines that a real node may replicate, by name.
func liveMachines() map[string]func() protocols.StateMachine {
	return map[string]func() protocols.StateMachine{
		"journal": func() protocols.StateMachine { return machine.NewJournal() },
		"kv":      func() protocols.StateMachine { return machine.NewKV() },
	}
}

// liveNode makes the node that a Live describes, as the mutant of that name, or
// as it is when that is "".
func liveNode(l *trace.Live, mutant string) (protocols.Node, error) {
	protocol, err := catalog.Lookup(l.Protocol)
	if err != nil {
		return nil, err
	}
	parameters, err := catalog.Parameters(protocol, l.Parameters)
	if err != nil {
		return nil, err
	}
	fresh := liveMachines()[l.Machine]
	if fresh == nil {
		var names []string
		for name := range liveMachines() {
			names = append(names, name)
		}
		slices.Sort(names)
		return nil, fmt.Errorf("no state machine %q; %s", l.Machine, hint.For(l.Machine, names))
	}
	node, err := protocol.New(protocols.Config{
		Self: l.Self, Nodes: l.Nodes, Members: l.Members, Machine: fresh(), Tick: l.Tick, Parameters: parameters,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.Protocol, err)
	}
	if mutant == "" {
		return node, nil
	}
	m, err := mutants.Lookup(mutant)
	if err != nil {
		return nil, err
	}
	if m.Protocol != "" && m.Protocol != l.Protocol {
		return nil, fmt.Errorf("the mutant %s is one of %s, and the protocol is %s", mutant, m.Protocol, l.Protocol)
	}
	return m.Wrap(node), nil
}

// diary writes what a real node does into a trace. The driver's loop gives it the
// steps, and a goroutine of its own writes them down.
type diary struct {
	self    protocols.NodeID
	started time.Time
	file    *os.File
	steps   chan sim.Step
	done    chan struct{}
	once    sync.Once
	err     error // of the writing; to be read when done is closed
}

const (
	// diaryStepsMax is how many steps may wait to be written before the node
	// has to wait too.
	diaryStepsMax   = 8192
	diaryBytes      = 1 << 20
	diaryFlushAfter = 200 * time.Millisecond
)

// newDiary appends a section for a life that begins now to a file, which need
// not exist. What a kill left of a last line is cut off.
func newDiary(name string, codec *state.Codec, l trace.Live, mutant, code string) (*diary, error) {
	l.Started = time.Now()
	header, err := l.Header(mutant, code)
	if err != nil {
		return nil, err
	}
	file, err := openDiary(name)
	if err != nil {
		return nil, err
	}
	d := &diary{
		self: l.Self, started: l.Started, file: file, steps: make(chan sim.Step, diaryStepsMax), done: make(chan struct{}),
	}
	buffered := bufio.NewWriterSize(file, diaryBytes)
	recorder, err := trace.NewRecorder(buffered, codec, header)
	if err == nil {
		err = buffered.Flush() // however soon it is killed, it has lived
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	go d.write(recorder, buffered)
	return d, nil
}

// openDiary opens a file behind its last whole line.
func openDiary(name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fileError(name, err)
	}
	end, err := wholeLines(file)
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fileError(name, err), file.Close())
	}
	return file, nil
}

// wholeLines returns where the last whole line of a file ends.
func wholeLines(file *os.File) (int64, error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	part := make([]byte, 1<<16)
	for end > 0 {
		from := max(0, end-int64(len(part)))
		n, err := file.ReadAt(part[:end-from], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if at := bytes.LastIndexByte(part[:n], '\n'); at >= 0 {
			return from + int64(at) + 1, nil
		}
		end = from
	}
	return 0, nil
}

// observe takes a step of the node; it is for a driver's Observe.
func (d *diary) observe(step tcp.Step) {
	d.steps <- sim.Step{
		Time: time.Since(d.started), Node: d.self, Clock: step.Now, Event: step.Event, Effects: slices.Clone(step.Effects), Done: true,
	}
}

// write writes steps down until there are no more.
func (d *diary) write(recorder *trace.Recorder, buffered *bufio.Writer) {
	defer close(d.done)
	flush := time.NewTicker(diaryFlushAfter)
	defer flush.Stop()
	for {
		select {
		case step, more := <-d.steps:
			if !more {
				d.err = errors.Join(d.err, recorder.Close(), buffered.Flush(), d.file.Close())
				return
			}
			if d.err == nil {
				d.err = recorder.Record(&step)
			}
		case <-flush.C:
			if err := buffered.Flush(); d.err == nil {
				d.err = err
			}
		}
	}
}

// close ends the life; nothing is observed any more. It returns the first error
// of the writing.
func (d *diary) close() error {
	d.once.Do(func() { close(d.steps) })
	<-d.done
	return d.err
}
