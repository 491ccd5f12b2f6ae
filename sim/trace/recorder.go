package trace

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/cespare/xxhash/v2"

	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// Version is the version of the format.
const Version = 1

// Header is the first line of a section: all that is needed to run it again.
type Header struct {
	Trace    int    `json:"trace"` // Version
	Scenario string `json:"scenario"`
	Run      string `json:"run"`
	Seed     uint64 `json:"seed"`
	Mutant   string `json:"mutant,omitempty"`
	// Refine: the run is held against the specification of its protocol, too. That
	// changes no step, and does not enter the hash.
	Refine bool `json:"refine,omitempty"`
	// Deeds is what somebody did in the run by hand, in order.
	Deeds []Deed `json:"deeds,omitempty"`
	// Nodes and Clients are names: number i+1 has the i'th.
	Nodes   []string `json:"nodes"`
	Clients []string `json:"clients"`
	// Document is the scenario, compiled. Its form is the business of who
	// runs scenarios.
	Document json.RawMessage `json:"document"`
	// Code is the version of the program. It does not enter the hash.
	Code string `json:"code,omitempty"`
}

// identity returns the hash before the first step: that of all that the header
// says of the run.
func (h Header) identity() (uint64, error) {
	h.Code, h.Refine = "", false
	line, err := json.Marshal(h)
	if err != nil {
		return 0, fmt.Errorf("trace: header: %w", err)
	}
	return xxhash.Sum64(line), nil
}

// Finding is a verdict, written behind the steps it is about.
type Finding struct {
	Run        string `json:"run"`
	Property   string `json:"property"`
	Verdict    string `json:"verdict"`
	Expected   string `json:"expected"`
	AsExpected bool   `json:"as_expected"`
	Witness    string `json:"witness,omitempty"`
	// Step is the number of the step at which it was violated, 0 if none.
	Step uint64 `json:"step,omitempty"`
}

// End is the last line of a section.
type End struct {
	Steps uint64        `json:"steps"`
	Time  time.Duration `json:"time"`
	Hash  string        `json:"hash"`
}

// Recorder is an observer that writes a section. An error of the writer stops
// it from writing more; Close returns it.
type Recorder struct {
	codec *state.Codec
	w     io.Writer
	buf   []byte
	raw   []byte
	hash  uint64
	steps uint64
	time  time.Duration
	err   error
}

// NewRecorder writes the header and returns a recorder for the steps. With a
// nil writer it only computes the hash.
func NewRecorder(w io.Writer, codec *state.Codec, header Header) (*Recorder, error) {
	header.Trace = Version
	line, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("trace: header: %w", err)
	}
	r := &Recorder{codec: codec, w: w}
	if r.hash, err = header.identity(); err != nil {
		return nil, err
	}
	r.write(append(line, '\n'))
	return r, r.err
}

// Observe writes a step.
func (r *Recorder) Observe(_ *sim.World, step *sim.Step) { r.observe(step, nil) }

func (r *Recorder) observe(step *sim.Step, event []byte) {
	r.buf = chain(r.hash, r.buf[:0])
	r.buf = appendStep(r.buf, r.codec, step)
	if event != nil {
		r.buf = append(r.buf, `,"bytes":"`...)
		r.buf = base64.StdEncoding.AppendEncode(r.buf, event)
		r.buf = append(r.buf, '"')
	}
	r.hash = xxhash.Sum64(r.buf)
	r.steps, r.time = step.Number, step.Time
	if r.w == nil {
		return
	}
	r.buf = append(r.buf, `,"hash":"`...)
	r.buf = appendHash(r.buf, r.hash)
	r.buf = append(r.buf, '"', '}', '\n')
	r.write(r.buf[hashBytes:])
}

// Finding writes a verdict.
func (r *Recorder) Finding(f Finding) {
	line, err := json.Marshal(struct {
		Finding Finding `json:"finding"`
	}{f})
	if err != nil {
		panic(err) // a struct of strings always marshals
	}
	r.write(append(line, '\n'))
}

// Close writes the end of the section, and returns the first error there was.
func (r *Recorder) Close() error {
	line, err := json.Marshal(struct {
		End End `json:"end"`
	}{End{Steps: r.steps, Time: r.time, Hash: r.Hash()}})
	if err != nil {
		panic(err) // a struct of strings and numbers always marshals
	}
	r.write(append(line, '\n'))
	return r.err
}

// Hash returns the rolling hash so far, as it stands in the trace.
func (r *Recorder) Hash() string { return string(appendHash(nil, r.hash)) }

func (r *Recorder) write(line []byte) {
	if r.w == nil || r.err != nil {
		return
	}
	if _, err := r.w.Write(line); err != nil {
		r.err = fmt.Errorf("trace: %w", err)
	}
}

// hashBytes is how many bytes of the hash before stand in front of a record
// when its own hash is computed.
const hashBytes = 8

func chain(hash uint64, b []byte) []byte {
	for shift := 0; shift < 64; shift += 8 {
		b = append(b, byte(hash>>shift))
	}
	return b
}

// appendHash appends a hash as 16 hexadecimal digits.
func appendHash(b []byte, hash uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[hash>>shift&15])
	}
	return b
}
