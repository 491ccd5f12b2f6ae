package linear

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Format is a form of recorded history.
type Format string

// The formats; the package comment tells each.
const (
	Auto    Format = ""
	JSONL   Format = "jsonl"
	Jepsen  Format = "jepsen"
	EtcdLog Format = "etcdlog"
	KVLog   Format = "kvlog"
)

// Formats returns the names of all formats but Auto.
func Formats() []Format { return []Format{JSONL, Jepsen, EtcdLog, KVLog} }

// sizeMax bounds what is held of one line or event, in bytes.
const sizeMax = 1 << 20

// Report says what was read, beside the operations.
type Report struct {
	// Format is the one found, never Auto.
	Format Format
	Clock  Clock
	// Open counts operations that were invoked and never completed.
	Open int
	// Nemesis counts events of the fault injector; they are no operations.
	Nemesis int
	// Shifted counts events whose time was not later than that of the event
	// before. The order of the events stands, so they were taken to be one
	// nanosecond later than that one.
	Shifted int
	// Unused lists fields of client events that mean nothing to a check.
	Unused []Unused
}

// Unused is a field that was read over, and how often.
type Unused struct {
	Field string
	Count int
}

// ReadError is a place in a file that is not what it has to be.
type ReadError struct {
	// Line and Column (in characters) count from 1; Column is 0 when the
	// fault is the line or event as a whole.
	Line, Column    int
	Found, Expected string
}

// Error tells the place, what was found and what was expected.
func (e *ReadError) Error() string {
	place := fmt.Sprintf("line %d", e.Line)
	if e.Column > 0 {
		place += fmt.Sprintf(", column %d", e.Column)
	}
	return fmt.Sprintf("%s: found %s, expected %s", place, e.Found, e.Expected)
}

// Decode reads a recorded history. What it does not understand is a *ReadError:
// nothing is skipped but what the report counts. Operations are numbered from 1
// by invocation, except in our own format, which has numbers.
func Decode(r io.Reader, format Format) (History, Report, error) {
	return DecodeFor(r, format, Model{})
}

// DecodeFor reads a history that is to be judged by a model: an operation that the
// model does not have is a *ReadError too.
func DecodeFor(r io.Reader, format Format, model Model) (History, Report, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	found, err := detect(in)
	if err != nil {
		return nil, Report{}, err
	}
	// The two EDN formats differ in a way that the first bytes do not tell.
	either := format == Auto
	if either {
		format = found
	}
	switch format {
	case JSONL:
		return readJSONL(in, model)
	case EtcdLog:
		return readEtcdLog(in, model)
	case Jepsen, KVLog:
		return readEDN(in, format, either, model)
	}
	return nil, Report{}, fmt.Errorf("unknown format %q, expected one of %v", format, Formats())
}

// detect tells a format by the first bytes, without consuming them. For both
// EDN formats it says Jepsen.
func detect(in *bufio.Reader) (Format, error) {
	head, err := in.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return Auto, err
	}
	text := bytes.TrimLeft(head, " \t\r\n,")
	if len(text) == 0 && err != nil {
		return Auto, &ReadError{Line: 1, Found: "an empty file", Expected: "a history"}
	}
	after := bytes.TrimLeft(bytes.TrimPrefix(text, []byte("{")), " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("INFO")):
		return EtcdLog, nil
	case bytes.HasPrefix(text, []byte(`{`)) && bytes.HasPrefix(after, []byte(`"`)):
		return JSONL, nil
	case len(text) > 0 && strings.ContainsRune("{[(#;", rune(text[0])):
		return Jepsen, nil
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return Auto, &ReadError{
		Line: 1 + bytes.Count(head[:len(head)-len(text)], []byte("\n")), Found: quote(string(line)),
		Expected: `a history: our JSON Lines ({"format":…), Jepsen EDN ({:process …) or a jepsen.util log (INFO  jepsen.util - …)`,
	}
}

// quote shows a piece of input, shortened and on one line.
func quote(text string) string {
	const runesMax = 40
	if utf8.RuneCountInString(text) > runesMax {
		text = string([]rune(text)[:runesMax]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// lines reads a file line by line.
type lines struct {
	in     *bufio.Reader
	number int // of the line last read
}

// next returns the next line without its end, valid until the next call, or
// io.EOF.
func (l *lines) next() ([]byte, error) {
	l.number++
	var line []byte
	for {
		piece, err := l.in.ReadSlice('\n')
		line = append(line, piece...)
		if len(line) > sizeMax {
			return nil, &ReadError{
				Line: l.number, Found: "a line of more than 1 MiB",
				Expected: "one operation or event a line",
			}
		}
		switch {
		case err == nil || errors.Is(err, io.EOF) && len(line) > 0:
			line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
			if !utf8.Valid(line) {
				return nil, &ReadError{Line: l.number, Found: "bytes that are not UTF-8", Expected: "text"}
			}
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err // io.EOF too
		}
	}
}

// columnOf turns an offset in bytes into a column.
func columnOf(line []byte, offset int) int {
	return utf8.RuneCount(line[:min(max(offset, 0), len(line))]) + 1
}
