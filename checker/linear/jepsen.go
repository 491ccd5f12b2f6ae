package linear

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// readEDN reads a history of EDN maps, Jepsen's or that of a KV log. If it may
// be either, the first event of a client tells: in a KV log it has a :key.
func readEDN(in *bufio.Reader, format Format, either bool, model Model) (History, Report, error) {
	edn := newEDNReader(in)
	p := newPairs(format)
	p.model = model
	for {
		f, err := edn.next()
		if errors.Is(err, io.EOF) {
			return p.done()
		}
		if err != nil {
			return nil, p.report, err
		}
		raw, err := rawEventOf(f)
		if err != nil {
			return nil, p.report, err
		}
		if raw.process.kind == keywordForm && raw.process.text == "nemesis" {
			p.nemesis()
			continue
		}
		if p.first == nil && either && raw.key.kind != "" {
			p.report.Format = KVLog
		}
		var e event
		if p.report.Format == KVLog {
			e, err = raw.kv()
		} else {
			e, err = raw.jepsen()
		}
		if err == nil {
			err = p.add(e)
		}
		if err != nil {
			return nil, p.report, err
		}
	}
}

// rawEvent is an event as its fields are written; a field that is not there has
// no kind.
type rawEvent struct {
	place                                          form // of the event as a whole
	process, stage, f, key, value, time, err, node form
	unused                                         []string
}

// rawEventOf takes a map apart.
func rawEventOf(f form) (rawEvent, error) {
	raw := rawEvent{place: f}
	if f.kind != mapForm {
		return raw, f.fault(string(f.kind), "a map, {:process …, :type …, :f …}")
	}
	into := map[string]*form{
		"process": &raw.process, "type": &raw.stage, "f": &raw.f, "key": &raw.key,
		"value": &raw.value, "time": &raw.time, "error": &raw.err, "node": &raw.node,
		"index": {}, // the place in the history, which the place in the file is too
	}
	for i := 0; i < len(f.items); i += 2 {
		key, value := f.items[i], f.items[i+1]
		if key.kind != keywordForm {
			return raw, key.fault("the key "+quote(key.String()), "a keyword such as :process")
		}
		if field, ok := into[key.text]; ok {
			*field = value
		} else {
			raw.unused = append(raw.unused, ":"+key.text)
		}
	}
	if raw.process.kind == "" {
		return raw, f.fault("no :process", "one, an integer or :nemesis")
	}
	return raw, nil
}

func (f form) fault(found, expected string) error {
	return &ReadError{Line: f.line, Column: f.column, Found: found, Expected: expected}
}

// show tells what was found in a field.
func (f form) show() string {
	if f.kind == "" {
		return "nothing"
	}
	return string(f.kind) + ", " + quote(f.String())
}

// kindsOfJepsen and kindsOfKV say what the names in :f are.
func kindsOfJepsen() map[string]Kind {
	return map[string]Kind{"read": Read, "write": Write, "cas": CAS, "enqueue": Enqueue, "dequeue": Dequeue, "acquire": Acquire, "release": Release}
}

func kindsOfKV() map[string]Kind {
	return map[string]Kind{"get": Read, "put": Write, "append": Append, "cas": CAS}
}

// common reads the fields that all formats share.
func (raw *rawEvent) common(known map[string]Kind) (event, error) {
	e := event{line: raw.place.line, column: raw.place.column, unused: raw.unused}
	process, err := strconv.ParseUint(raw.process.text, 10, 63)
	if err != nil || raw.process.kind != intForm {
		return e, raw.at(raw.process).fault(":process "+raw.process.show(), "an integer that is not negative, or :nemesis")
	}
	e.process, e.stage = process, stage(raw.stage.text)
	if !slices.Contains([]stage{stageInvoke, stageOK, stageFail, stageInfo}, e.stage) || raw.stage.kind != keywordForm {
		return e, raw.at(raw.stage).fault(":type "+raw.stage.show(), ":invoke, :ok, :fail or :info")
	}
	if raw.f.kind == keywordForm && raw.f.text == "drain" {
		return e, raw.f.fault(":f :drain, many dequeues in one", "a :dequeue for each of its elements; write it out, one after another")
	}
	kind, is := known[raw.f.text]
	if !is || raw.f.kind != keywordForm {
		return e, raw.at(raw.f).fault(":f "+raw.f.show(), ":"+strings.Join(slices.Sorted(maps.Keys(known)), ", :"))
	}
	e.kind, e.f = kind, raw.f
	if raw.time.kind != "" {
		e.timed = true
		if e.time, err = strconv.ParseInt(raw.time.text, 10, 64); err != nil || raw.time.kind != intForm || e.time == Never {
			return e, raw.time.fault(":time "+raw.time.show(), "an integer, in nanoseconds")
		}
	}
	if raw.err.kind != "" && raw.err.kind != nilForm {
		e.err = strings.TrimPrefix(raw.err.value().Text, ":")
	}
	if raw.node.kind != "" && raw.node.kind != nilForm {
		e.node = strings.TrimPrefix(raw.node.value().Text, ":")
	}
	return e, nil
}

// at is the place to blame for a field: its own, or that of the event.
func (raw *rawEvent) at(field form) form {
	if field.kind == "" {
		return raw.place
	}
	return field
}

// jepsen reads an event of Jepsen's. Its value is v, or [k v] where many keys
// are tested (jepsen.independent); that of a cas is [expected new].
func (raw *rawEvent) jepsen() (event, error) {
	if raw.key.kind != "" {
		raw.unused = append(raw.unused, ":key")
	}
	e, err := raw.common(kindsOfJepsen())
	e.keyless = true
	if err != nil || e.hushed(raw.value) {
		return e, err
	}
	value := raw.value
	pair := value.kind == vectorForm && len(value.items) == 2
	if e.kind == CAS {
		pair = pair && value.items[1].kind == vectorForm
	}
	if pair {
		e.keyless = false
		if value.items[0].kind == nilForm {
			return e, value.items[0].fault("the key nil", "a key")
		}
		e.key, value = value.items[0].value().Text, value.items[1]
	}
	return e, e.payload(raw.orPlace(value), anyValue)
}

// orPlace gives a value that is not there the place of its event.
func (raw *rawEvent) orPlace(value form) form {
	if value.kind == "" {
		return form{kind: nilForm, line: raw.place.line, column: raw.place.column}
	}
	return value
}

// hushed reports, and notes, that a completion need not repeat the invocation:
// it did not succeed, or gives no value where none is asked for.
func (e *event) hushed(value form) bool {
	e.silent = e.stage == stageFail || e.stage == stageInfo ||
		e.stage == stageOK && e.kind != Read && e.kind != Dequeue && (value.kind == "" || value.kind == nilForm)
	return e.silent
}

// payload reads the value of an invocation or a completion, parts of it by
// convert.
func (e *event) payload(value form, convert func(form) (Value, error)) error {
	var err error
	switch {
	case e.kind == CAS:
		if value.kind != vectorForm || len(value.items) != 2 {
			return value.fault("a cas of "+value.show(), "[EXPECTED NEW]")
		}
		if e.expected, err = convert(value.items[0]); err == nil {
			e.in, err = convert(value.items[1])
		}
	case e.answers() && e.stage == stageInvoke:
		if value.kind != nilForm {
			return value.fault("an invoked "+string(e.kind)+" with "+value.show(), "nil")
		}
	case e.kind == Release:
		if value.kind != nilForm {
			return value.fault("a release with "+value.show(), "nil")
		}
	case e.kind == Acquire && value.kind != nilForm && (value.kind != intForm || !isToken(value.text)):
		return value.fault("an acquire that returned "+value.show(), "an integer, its fencing token, or nil")
	case e.kind == Enqueue && value.kind == nilForm:
		return value.fault("an enqueue of nil", "an element")
	case e.answers():
		e.out, err = convert(value)
	default:
		e.in, err = convert(value)
	}
	return err
}

// anyValue takes every form as a value.
func anyValue(f form) (Value, error) { return f.value(), nil }

// answers tells whether the event is of an operation that asks for a value.
func (e *event) answers() bool { return (&Operation{Kind: e.kind}).answers() }
