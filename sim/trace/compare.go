package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
)

// Problem is what is wrong with a trace, and where.
type Problem struct {
	Line, Column int // from 1; Column counts bytes, 0 if it is the whole line
	What, Hint   string
	// Diverged: the trace is sound, but running again gives something else.
	Diverged bool
}

func (p *Problem) Error() string {
	place := fmt.Sprintf("line %d", p.Line)
	if p.Column > 0 {
		place += fmt.Sprintf(", column %d", p.Column)
	}
	if p.Hint != "" {
		return fmt.Sprintf("%s: %s\n  hint: %s", place, p.What, p.Hint)
	}
	return place + ": " + p.What
}

// LineBytesMax is the longest line that is read. The longest that we write is
// a step in which a node recovers with its whole log.
const LineBytesMax = 64 << 20

// Reader reads a trace section by section.
type Reader struct {
	lines  *bufio.Reader
	number int // of the line read last
	// again is a line that was read and is to be read again. torn: the file ends
	// within the line that was read last.
	again []byte
	torn  bool
}

// unread has a line read again; nil is none.
func (r *Reader) unread(line []byte) {
	if line != nil {
		r.again = line
		r.number--
	}
}

// NewReader returns a reader of a trace.
func NewReader(r io.Reader) *Reader { return &Reader{lines: bufio.NewReaderSize(r, 1<<16)} }

// Next reads the header of the next section. It returns io.EOF at the end, if
// at least one section was there, and a *Problem if this is no trace.
func (r *Reader) Next() (Header, error) {
	line, err := r.line()
	if errors.Is(err, io.EOF) {
		if r.number == 0 {
			return Header{}, &Problem{Line: 1, What: "the file is empty", Hint: "a trace begins with a header: run … --trace FILE writes one"}
		}
		return Header{}, io.EOF
	}
	if err != nil {
		return Header{}, err
	}
	var version struct {
		Trace *int `json:"trace"`
	}
	if err := json.Unmarshal(line, &version); err != nil || version.Trace == nil {
		return Header{}, r.problem(0, fmt.Sprintf("found %s, expected a trace's header", excerpt(line)),
			`a section begins with {"trace":1,…}`)
	}
	if *version.Trace != Version {
		return Header{}, r.problem(0, fmt.Sprintf("found a trace of version %d, expected %d", *version.Trace, Version),
			"replay it with the version of quorumlab that wrote it, or run the scenario and seed of its header anew")
	}
	var header Header
	if err := strict(line, &header); err != nil {
		return Header{}, r.problem(0, "the header is damaged: "+err.Error(), "")
	}
	return header, nil
}

// Skip goes to the end of the section whose header was read last. It does not look at
// what the lines say, but sees that the steps are those that were written: one that
// does not fit its own hash is a *Problem.
func (r *Reader) Skip(header Header) error {
	hash, err := header.identity()
	if err != nil {
		return err
	}
	for {
		line, err := r.line()
		if errors.Is(err, io.EOF) {
			return r.problem(0, "the file ends within a section", "it was cut off, or is still being written")
		}
		if err != nil {
			return err
		}
		if bytes.HasPrefix(line, findingKey) {
			continue
		}
		at, end := bytes.LastIndex(line, hashKey), bytes.HasPrefix(line, endKey)
		if at < 0 || !fits(hash, line, at, end) {
			return r.problem(0, "this is not the line that was written here", unfit)
		}
		if end {
			return nil
		}
		hash = sum(hash, line[:at])
	}
}

func strict(line []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// line returns the next line without its end. It returns io.EOF at the end.
func (r *Reader) line() ([]byte, error) {
	if line := r.again; line != nil {
		r.again = nil
		r.number++
		return line, nil
	}
	var line []byte
	for {
		part, err := r.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			r.number++
			return line[:len(line)-1], nil
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			r.number++
			r.torn = true
			return nil, r.problem(len(line), "the file ends within a line", "it was cut off, or is still being written")
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("trace: %w", err)
		case len(line) > LineBytesMax:
			r.number++
			return nil, r.problem(0, fmt.Sprintf("the line is longer than %d MiB", LineBytesMax>>20), "this is no trace")
		}
	}
}

func (r *Reader) problem(column int, what, hint string) *Problem {
	return &Problem{Line: r.number, Column: column, What: what, Hint: hint}
}

// Comparer is an io.Writer that compares what a recorder writes anew with the
// section that a Reader is in. Its Write returns a *Problem at the first line
// that differs.
type Comparer struct {
	reader  *Reader
	hash    uint64 // rolling hash of the records read
	started bool
}

// NewComparer returns a comparer for the section whose header was read last.
func NewComparer(reader *Reader, header Header) (*Comparer, error) {
	hash, err := header.identity()
	if err != nil {
		return nil, err
	}
	return &Comparer{reader: reader, hash: hash}, nil
}

// Write compares one line; the recorder writes each with one call.
func (c *Comparer) Write(line []byte) (int, error) {
	if !c.started { // the header: the reader has read it
		c.started = true
		return len(line), nil
	}
	want := bytes.TrimSuffix(line, []byte("\n"))
	found, err := c.reader.line()
	if errors.Is(err, io.EOF) {
		c.reader.number++
		return 0, c.reader.problem(0, "the file ends, but the run goes on: expected "+excerpt(want),
			"it was cut off, or is still being written")
	}
	if err != nil {
		return 0, err
	}
	if bytes.Equal(found, want) {
		if i := bytes.LastIndex(found, hashKey); i >= 0 {
			c.hash = sum(c.hash, found[:i])
		}
		return len(line), nil
	}
	return 0, c.difference(found, want)
}

var (
	hashKey = []byte(`,"hash":"`)
	// findingKey and endKey begin the lines that are no steps.
	findingKey = []byte(`{"finding":`)
	endKey     = []byte(`{"end":`)
)

// unfit is the hint about a line that is not as it was written.
const unfit = "the line does not fit its own hash: the file was changed after it was written"

func sum(before uint64, record []byte) uint64 {
	return xxhash.Sum64(append(chain(before, nil), record...))
}

// difference tells a damaged line from one that running again does not give.
func (c *Comparer) difference(found, want []byte) error {
	column := 0
	for column < min(len(found), len(want)) && found[column] == want[column] {
		column++
	}
	from := max(0, column-24)
	what := fmt.Sprintf("found %s, expected %s", excerpt(found[min(from, len(found)):]), excerpt(want[min(from, len(want)):]))
	p := c.reader.problem(column+1, what, unfit)
	switch {
	case c.sound(found, want):
		p.Diverged = true
		p.Hint = "the file is sound: this program does something else than the one that wrote it"
	case bytes.HasPrefix(found, findingKey):
		p.Hint = "the steps before are the same: the file was changed, or this program judges otherwise"
	}
	return p
}

// sound reports whether a line that is not what running again gives is all the
// same the one that was written behind those before it.
func (c *Comparer) sound(line, want []byte) bool {
	at, end := bytes.LastIndex(line, hashKey), bytes.HasPrefix(line, endKey)
	return at >= 0 && !(end && bytes.HasPrefix(want, endKey)) && fits(c.hash, line, at, end)
}

// fits reports whether a line, whose hash stands at a place, is the one that was
// written behind those before it, of which the hash is given. The end's is that of
// the last step.
func fits(hash uint64, line []byte, at int, end bool) bool {
	stored := line[at+len(hashKey):]
	if end {
		return string(stored) == string(appendHash(nil, hash))+`"}}`
	}
	return string(stored) == string(appendHash(nil, sum(hash, line[:at])))+`"}`
}

// excerpt returns the beginning of a line, quoted.
func excerpt(line []byte) string {
	const length = 72
	if len(line) > length {
		return fmt.Sprintf("%q…", line[:length])
	}
	return fmt.Sprintf("%q", line)
}

// Damaged returns the problem that the header read last cannot be used.
func (r *Reader) Damaged(err error) *Problem {
	return r.problem(0, "the header cannot be used: "+err.Error(), "")
}
