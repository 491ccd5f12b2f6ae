package linear

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	jsonlName    = "quorumlab-history"
	jsonlVersion = 1
)

// headerJSON is the first line of our format. Operations is how many follow;
// who writes while operations still happen leaves it out.
type headerJSON struct {
	Format     string `json:"format"`
	Version    int    `json:"version"`
	Operations *int   `json:"operations,omitempty"`
}

// operationJSON is one operation of our format; its order is that of the line.
type operationJSON struct {
	ID      int     `json:"id"`
	Session uint64  `json:"session"`
	Client  string  `json:"client,omitempty"`
	Node    string  `json:"node"`
	Side    string  `json:"side"`
	Key     string  `json:"key"`
	Op      Kind    `json:"op"`
	In      any     `json:"in"`
	Out     any     `json:"out"`
	Invoke  int64   `json:"invoke"`
	Return  *int64  `json:"return"`
	Outcome Outcome `json:"outcome"`
	Error   string  `json:"error"`
}

// transferJSON is what a transfer has as its in.
type transferJSON struct {
	To     string `json:"to"`
	Amount int64  `json:"amount"`
	Look   string `json:"look,omitempty"`
}

// lookedJSON is what a transfer that looks at a key has as its out, once it has
// moved its amount.
type lookedJSON struct {
	Found *string `json:"found"`
}

// casJSON is what a cas has as its in.
type casJSON struct {
	Expected *string `json:"expected"`
	New      *string `json:"new"`
}

// Encode writes a history in our own format, in the order that it has. It fails
// on a history that is not valid, and on errors of w.
func Encode(w io.Writer, history History) error {
	if err := history.Validate(); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	count := len(history)
	if err := encoder.Encode(headerJSON{Format: jsonlName, Version: jsonlVersion, Operations: &count}); err != nil {
		return err
	}
	for i := range history {
		if err := encoder.Encode(toJSON(&history[i])); err != nil {
			return err
		}
	}
	return out.Flush()
}

func toJSON(op *Operation) operationJSON {
	line := operationJSON{
		ID: op.ID, Session: op.Session, Client: op.Client, Node: op.Node, Side: op.Side, Key: op.Key, Op: op.Kind,
		Invoke: op.Invoke, Outcome: op.Outcome, Error: op.Error,
	}
	switch op.Kind {
	case Read, Dequeue, Acquire:
		line.Out = textOrNil(op.Out)
	case CAS:
		line.In = casJSON{Expected: textOrNil(op.Expected), New: textOrNil(op.In)}
		if op.Outcome == OK {
			line.Out = op.Swapped
		}
	case Transfer:
		line.In = transferJSON{To: op.To, Amount: op.Amount, Look: op.Look}
		if op.looked() {
			line.Out = lookedJSON{Found: textOrNil(op.Out)}
		} else if op.Outcome == OK {
			line.Out = op.Swapped
		}
	case Write, Append, Enqueue:
		line.In = textOrNil(op.In)
	}
	if op.Return != Never {
		line.Return = &op.Return
	}
	return line
}

// textOrNil is how a Value stands in JSON: a string or null.
func textOrNil(v Value) *string {
	if !v.Present {
		return nil
	}
	return &v.Text
}

func readJSONL(in *bufio.Reader, model Model) (History, Report, error) {
	report := Report{Format: JSONL}
	source := lines{in: in}
	expected, err := readHeaderOf(&source, jsonlName)
	if err != nil {
		return nil, report, err
	}
	var history History
	lineOf := make(map[int]int)
	for {
		line, err := source.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, report, err
		}
		op, err := parseOperation(line, source.number, model)
		if err != nil {
			return nil, report, err
		}
		if earlier, twice := lineOf[op.ID]; twice {
			return nil, report, &ReadError{
				Line: source.number, Found: fmt.Sprintf("id %d again", op.ID),
				Expected: fmt.Sprintf("an id that is not that of line %d", earlier),
			}
		}
		lineOf[op.ID] = source.number
		if op.Return == Never {
			report.Open++
		}
		history = append(history, op)
	}
	return history, report, source.complete(expected, len(history))
}

// complete checks that as many operations came as the header promises, if it does.
func (l *lines) complete(expected *int, found int) error {
	if expected == nil || *expected == found {
		return nil
	}
	return &ReadError{
		Line: l.number, Found: fmt.Sprintf("the end after %d operations", found),
		Expected: fmt.Sprintf("%d, as the header says; the file was cut or changed", *expected),
	}
}

// readHeaderOf reads the first line and returns how many operations it promises.
func readHeaderOf(source *lines, name string) (*int, error) {
	line, err := source.next()
	if err != nil {
		return nil, err
	}
	object, err := parseObject(line, 1, 0, "format", "version", "operations")
	if err != nil {
		return nil, err
	}
	var header headerJSON
	if err := object.need("format", &header.Format, "a string"); err != nil {
		return nil, err
	}
	if header.Format != name {
		return nil, object.fault("format", fmt.Sprintf("format %q", header.Format), fmt.Sprintf("%q", name))
	}
	if err := object.need("version", &header.Version, "an integer"); err != nil {
		return nil, err
	}
	if header.Version != jsonlVersion {
		return nil, object.fault("version", fmt.Sprintf("version %d", header.Version),
			fmt.Sprintf("version %d, the only one that this program reads", jsonlVersion))
	}
	err = object.take("operations", &header.Operations, "an integer or null")
	return header.Operations, err
}

// parseOperation reads one line.
func parseOperation(line []byte, number int, model Model) (Operation, error) {
	object, err := parseObject(line, number, 0, "id", "session", "client", "node", "side", "key", "op",
		"in", "out", "invoke", "return", "outcome", "error")
	if err != nil {
		return Operation{}, err
	}
	op := Operation{Return: Never}
	var returned *int64
	for _, err := range [...]error{
		object.need("id", &op.ID, "an integer"),
		object.need("session", &op.Session, "an integer that is not negative"),
		object.take("client", &op.Client, "a string"),
		object.take("node", &op.Node, "a string"),
		object.take("side", &op.Side, "a string"),
		object.need("key", &op.Key, "a string"),
		object.need("op", &op.Kind, "a string"),
		object.need("invoke", &op.Invoke, "an integer, in nanoseconds"),
		object.need("return", &returned, "an integer, in nanoseconds, or null"),
		object.need("outcome", &op.Outcome, "a string"),
		object.take("error", &op.Error, "a string"),
	} {
		if err != nil {
			return Operation{}, err
		}
	}
	if returned != nil {
		op.Return = *returned
	}
	if op.Kind.exists() && !model.has(op.Kind) {
		return Operation{}, object.fault("op", "the operation "+string(op.Kind), model.expects(op.Kind))
	}
	if !op.Kind.exists() {
		return Operation{}, object.fault("op", fmt.Sprintf("op %q", op.Kind), expectedKinds)
	}
	if err := object.inOut(&op); err != nil {
		return Operation{}, err
	}
	if err := op.validate(); err != nil {
		return Operation{}, &ReadError{Line: number, Found: "an impossible operation: " + err.Error(), Expected: "a possible one"}
	}
	return op, nil
}

// inOut reads the fields whose form depends on the kind.
func (o *jsonObject) inOut(op *Operation) error {
	var in, out *string
	var err error
	switch op.Kind {
	case CAS:
		if err := o.cas(op); err != nil {
			return err
		}
		if op.Outcome == OK {
			return o.need("out", &op.Swapped, "true or false, whether the cas swapped")
		}
	case Transfer:
		if err := o.transfer(op); err != nil {
			return err
		}
		if op.Outcome == OK {
			return o.transferred(op)
		}
	default:
		err = o.take("in", &in, "a string or null")
	}
	if err == nil {
		err = o.take("out", &out, "a string or null")
	}
	if in != nil {
		op.In = Some(*in)
	}
	if out != nil {
		op.Out = Some(*out)
		if op.Kind == Acquire && !isToken(*out) {
			return o.fault("out", quote(*out)+" as out", "an integer, the fencing token, in quotes, or null")
		}
	}
	return err
}

// transfer reads the in of a transfer, an object of its own.
func (o *jsonObject) transfer(op *Operation) error {
	field, ok := o.fields["in"]
	if !ok {
		return o.fault("", "no in", `one with "to" and "amount"`)
	}
	inner, err := parseObject(field.raw, o.line, field.column-1, "to", "amount", "look")
	if err != nil {
		return err
	}
	if err := inner.need("to", &op.To, "a string"); err != nil {
		return err
	}
	if err := inner.take("look", &op.Look, "a string"); err != nil {
		return err
	}
	return inner.need("amount", &op.Amount, "an integer above 0")
}

// transferred reads the out of a transfer: whether it moved the amount or, if it did
// and looks at a key, an object with what it found there.
func (o *jsonObject) transferred(op *Operation) error {
	field, ok := o.fields["out"]
	if !ok || op.Look == "" || !strings.HasPrefix(string(field.raw), "{") {
		return o.need("out", &op.Swapped, "true or false, whether the amount was moved")
	}
	inner, err := parseObject(field.raw, o.line, field.column-1, "found")
	if err != nil {
		return err
	}
	var out lookedJSON
	if err := inner.need("found", &out.Found, "a string or null"); err != nil {
		return err
	}
	if op.Swapped = true; out.Found != nil {
		op.Out = Some(*out.Found)
	}
	return nil
}

// cas reads the in of a cas, an object of its own.
func (o *jsonObject) cas(op *Operation) error {
	field, ok := o.fields["in"]
	if !ok {
		return o.fault("", "no in", `one with "expected" and "new"`)
	}
	inner, err := parseObject(field.raw, o.line, field.column-1, "expected", "new")
	if err != nil {
		return err
	}
	var in casJSON
	if err := inner.need("expected", &in.Expected, "a string or null"); err != nil {
		return err
	}
	if err := inner.need("new", &in.New, "a string or null"); err != nil {
		return err
	}
	if in.Expected != nil {
		op.Expected = Some(*in.Expected)
	}
	if in.New != nil {
		op.In = Some(*in.New)
	}
	return nil
}

// jsonObject is a JSON object read with more care than encoding/json takes:
// names are case-sensitive, known, and not repeated, and every one has a place.
type jsonObject struct {
	line   int
	fields map[string]jsonField
}

type jsonField struct {
	raw    json.RawMessage
	column int // where the value begins
}

// parseObject reads text as one object, with shift columns before it.
func parseObject(text []byte, line, shift int, names ...string) (*jsonObject, error) {
	object := &jsonObject{line: line, fields: make(map[string]jsonField, len(names))}
	decoder := json.NewDecoder(bytes.NewReader(text))
	fault := func(offset int64, found, expected string) error {
		return &ReadError{Line: line, Column: shift + columnOf(text, int(offset)), Found: found, Expected: expected}
	}
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, fault(0, quote(string(text)), "a JSON object")
	}
	for decoder.More() {
		before := decoder.InputOffset()
		before += int64(len(text[before:]) - len(bytes.TrimLeft(text[before:], " \t\r,")))
		token, err := decoder.Token()
		if err != nil {
			return nil, syntaxFault(fault, decoder, err)
		}
		name, _ := token.(string)
		if !slices.Contains(names, name) {
			return nil, fault(before, "the field "+quote(name), "only "+strings.Join(names, ", "))
		}
		if _, twice := object.fields[name]; twice {
			return nil, fault(before, "the field "+quote(name)+" again", "it once")
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, syntaxFault(fault, decoder, err)
		}
		start := decoder.InputOffset() - int64(len(raw))
		object.fields[name] = jsonField{raw: raw, column: shift + columnOf(text, int(start))}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, syntaxFault(fault, decoder, err)
	}
	if rest := bytes.TrimSpace(text[decoder.InputOffset():]); len(rest) > 0 {
		return nil, fault(decoder.InputOffset(), quote(string(rest)), "the end of the line")
	}
	return object, nil
}

// syntaxFault places what encoding/json says is no JSON.
func syntaxFault(fault func(int64, string, string) error, decoder *json.Decoder, err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault(1<<30, "the end of the line", "more JSON; the line is cut off")
	case errors.As(err, &syntax):
		return fault(decoder.InputOffset(), "no JSON: "+syntax.Error(), "a JSON object")
	}
	return fault(decoder.InputOffset(), "no JSON: "+err.Error(), "a JSON object")
}

// need reads a field that must be there, take one that may.
func (o *jsonObject) need(name string, into any, expected string) error {
	if _, ok := o.fields[name]; !ok {
		return o.fault("", "no field "+quote(name), "one, "+expected)
	}
	return o.take(name, into, expected)
}

func (o *jsonObject) take(name string, into any, expected string) error {
	field, ok := o.fields[name]
	if !ok {
		return nil
	}
	nullable := false
	switch into.(type) {
	case **string, **int, **int64:
		nullable = true
	}
	// encoding/json leaves what is not a pointer as it is on null.
	null := string(field.raw) == "null"
	if err := json.Unmarshal(field.raw, into); err != nil || null && !nullable {
		return o.fault(name, quote(string(field.raw))+" as "+name, expected)
	}
	return nil
}

func (o *jsonObject) fault(name, found, expected string) error {
	return &ReadError{Line: o.line, Column: o.fields[name].column, Found: found, Expected: expected}
}
