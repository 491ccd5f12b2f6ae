package linear

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
)

// etcdLine is a line that jepsen.util logged: the process, the type, the
// function, and the value in EDN, divided by blanks or tabs.
var etcdLine = regexp.MustCompile(`^INFO\s+jepsen\.util\s+-\s+(\S+)\s+(:\S+)\s+(:\S+)\s+(.*\S)\s*$`)

const etcdExpected = "INFO  jepsen.util - PROCESS :TYPE :F VALUE"

// readEtcdLog reads the log of a Jepsen test of one register, as recorded for
// etcd. There are no times. In these logs a cas that failed with its values
// (":fail :cas [3 1]") was compared and found another value, while one that
// failed with an error (":fail :cas :timed-out") only did not happen.
func readEtcdLog(in *bufio.Reader, model Model) (History, Report, error) {
	source := lines{in: in}
	p := newPairs(EtcdLog)
	p.model = model
	for {
		line, err := source.next()
		if errors.Is(err, io.EOF) {
			return p.done()
		}
		if err != nil {
			return nil, p.report, err
		}
		match := etcdLine.FindSubmatchIndex(line)
		if match == nil {
			return nil, p.report, &ReadError{Line: source.number, Found: quote(string(line)), Expected: etcdExpected}
		}
		var forms [4]form
		for i := range forms {
			from, to := match[2*i+2], match[2*i+3]
			forms[i], err = formIn(line[from:to], source.number, columnOf(line, from))
			if err != nil {
				return nil, p.report, err
			}
		}
		if forms[0].kind == keywordForm && forms[0].text == "nemesis" {
			p.nemesis()
			continue
		}
		e, err := etcdEvent(forms)
		if err == nil {
			err = p.add(e)
		}
		if err != nil {
			return nil, p.report, err
		}
	}
}

// formIn reads a text that is one form and no more.
func formIn(text []byte, line, column int) (form, error) {
	edn := newEDNReader(bufio.NewReaderSize(bytes.NewReader(text), 16))
	edn.line, edn.column = line, column
	f, err := edn.read()
	if err != nil {
		return f, err
	}
	if _, err := edn.skip(); !errors.Is(err, io.EOF) {
		return f, edn.fault(line, edn.column, "more than one value", "one value")
	}
	return f, nil
}

// etcdEvent reads the four forms of a line.
func etcdEvent(forms [4]form) (event, error) {
	raw := rawEvent{process: forms[0], stage: forms[1], f: forms[2], value: forms[3], place: forms[0]}
	e, err := raw.common(kindsOfJepsen())
	if err != nil {
		return e, err
	}
	value := raw.value
	switch {
	case e.stage == stageFail && e.kind == CAS && value.kind == vectorForm:
		e.mismatched = true
		err = e.payload(value, anyValue)
	case e.stage == stageFail || e.stage == stageInfo:
		e.silent = true
		if value.kind == keywordForm {
			e.err = value.text
		}
	default:
		err = e.payload(value, anyValue)
	}
	e.keyless = true
	return e, err
}
