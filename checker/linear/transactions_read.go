package linear

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// Histories of transactions are told as Jepsen tells them (its list-append
// workload): maps whose :f is :txn and whose :value is a vector of [:append KEY
// ELEMENT] and [:r KEY LIST], LIST nil where it is not known. Our own form has the
// header of histories with the format "quorumlab-transactions", and lines of
//
//	{"id":1,"session":1,"client":"A","ops":[["append","x","1"],["r","x",["1"]]],
//	 "invoke":1,"return":2,"outcome":"ok","error":""}

const transactionsName = "quorumlab-transactions"

// txnKind is the kind that stands for a transaction while events are put together.
const txnKind Kind = "txn"

// DecodeTransactions reads a history of transactions. What it does not understand
// is a *ReadError.
func DecodeTransactions(r io.Reader) ([]Transaction, Report, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	format, err := detect(in)
	if err != nil {
		return nil, Report{}, err
	}
	switch format {
	case JSONL:
		return readTransactions(in)
	case Jepsen:
		return readJepsenTransactions(in)
	}
	return nil, Report{}, &ReadError{Line: 1, Found: "a history of format " + string(format), Expected: "one of transactions: our JSON Lines or Jepsen's EDN"}
}

func readJepsenTransactions(in *bufio.Reader) ([]Transaction, Report, error) {
	edn, p := newEDNReader(in), newPairs(Jepsen)
	var txns []Transaction
	for {
		f, err := edn.next()
		if errors.Is(err, io.EOF) {
			break
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
		e, err := raw.common(map[string]Kind{string(txnKind): txnKind})
		if err != nil {
			return nil, p.report, err
		}
		ops, err := listOps(raw.orPlace(raw.value), e.stage)
		if err != nil {
			return nil, p.report, err
		}
		at, open := p.open[e.process]
		e.silent = e.stage != stageInvoke
		if err := p.add(e); err != nil {
			return nil, p.report, err
		}
		if e.stage == stageInvoke {
			txns = append(txns, Transaction{Ops: ops})
			continue
		}
		if e.stage == stageOK && open {
			if !sameAppends(txns[at].Ops, ops) {
				return nil, p.report, raw.value.fault("other operations", "those invoked in line "+strconv.Itoa(p.placeOf[at]))
			}
			txns[at].Ops = ops
		}
	}
	history, report, err := p.done()
	for i := range history {
		op, t := &history[i], &txns[i]
		t.ID, t.Session, t.Invoke, t.Return, t.Outcome, t.Error = op.ID, op.Session, op.Invoke, op.Return, op.Outcome, op.Error
	}
	return txns, report, err
}

// sameAppends tells whether a completion is about the operations that were invoked.
func sameAppends(invoked, completed []ListOp) bool {
	if len(invoked) != len(completed) {
		return false
	}
	for i, a := range invoked {
		if b := completed[i]; a.Key != b.Key || a.Read != b.Read || a.Element != b.Element {
			return false
		}
	}
	return true
}

// listOps reads the operations of a transaction.
func listOps(value form, stage stage) ([]ListOp, error) {
	if value.kind != vectorForm {
		return nil, value.fault("a txn of "+value.show(), "a vector of [:append KEY ELEMENT] and [:r KEY LIST]")
	}
	var ops []ListOp
	for _, item := range value.items {
		if item.kind != vectorForm || len(item.items) != 3 || item.items[0].kind != keywordForm {
			return nil, item.fault(item.show(), "[:append KEY ELEMENT] or [:r KEY LIST]")
		}
		op := ListOp{Key: strings.TrimPrefix(item.items[1].value().Text, ":")}
		what, arg := item.items[0].text, item.items[2]
		switch {
		case what == "append":
			op.Element = arg.value().Text
		case what != "r":
			return nil, item.items[0].fault(":"+what, ":append or :r")
		case arg.kind == vectorForm:
			op.Read = true
			for _, element := range arg.items {
				op.List = append(op.List, element.value().Text)
			}
		case arg.kind == nilForm: // the empty list, or not known
			op.Read = true
		default:
			return nil, arg.fault("a read of "+arg.show(), "a vector, or nil")
		}
		ops = append(ops, op)
	}
	return ops, nil
}

func readTransactions(in *bufio.Reader) ([]Transaction, Report, error) {
	report := Report{Format: JSONL}
	source := lines{in: in}
	expected, err := readHeaderOf(&source, transactionsName)
	if err != nil {
		return nil, report, err
	}
	var txns []Transaction
	for {
		line, err := source.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, report, err
		}
		t, err := parseTransaction(line, source.number)
		if err != nil {
			return nil, report, err
		}
		if t.Return == Never {
			report.Open++
		}
		txns = append(txns, t)
	}
	return txns, report, source.complete(expected, len(txns))
}

// transactionJSON is one transaction of our own form.
type transactionJSON struct {
	ID      int     `json:"id"`
	Session uint64  `json:"session"`
	Client  string  `json:"client,omitempty"`
	Ops     [][]any `json:"ops"`
	Invoke  int64   `json:"invoke"`
	Return  *int64  `json:"return"`
	Outcome Outcome `json:"outcome"`
	Error   string  `json:"error"`
}

// EncodeTransactions writes transactions in our own form, in the order that they
// have. It fails on such as have no meaning, and on errors of w.
func EncodeTransactions(w io.Writer, transactions []Transaction) error {
	if err := validateTransactions(transactions); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	count := len(transactions)
	if err := encoder.Encode(headerJSON{Format: transactionsName, Version: jsonlVersion, Operations: &count}); err != nil {
		return err
	}
	for i := range transactions {
		t := &transactions[i]
		line := transactionJSON{ID: t.ID, Session: t.Session, Client: t.Client, Ops: [][]any{}, Invoke: t.Invoke, Outcome: t.Outcome, Error: t.Error}
		if t.Return != Never {
			line.Return = &t.Return
		}
		for _, op := range t.Ops {
			switch {
			case !op.Read:
				line.Ops = append(line.Ops, []any{"append", op.Key, op.Element})
			case t.Outcome != OK:
				line.Ops = append(line.Ops, []any{"r", op.Key, nil})
			default:
				line.Ops = append(line.Ops, []any{"r", op.Key, append([]string{}, op.List...)})
			}
		}
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

func parseTransaction(line []byte, number int) (Transaction, error) {
	t := Transaction{Return: Never}
	object, err := parseObject(line, number, 0, "id", "session", "client", "ops", "invoke", "return", "outcome", "error")
	if err != nil {
		return t, err
	}
	var returned *int64
	var ops [][]json.RawMessage
	for _, err := range [...]error{
		object.need("id", &t.ID, "an integer"),
		object.need("session", &t.Session, "an integer that is not negative"),
		object.take("client", &t.Client, "a string"),
		object.need("ops", &ops, "a list of operations"),
		object.need("invoke", &t.Invoke, "an integer, in nanoseconds"),
		object.need("return", &returned, "an integer, in nanoseconds, or null"),
		object.need("outcome", &t.Outcome, "a string"),
		object.take("error", &t.Error, "a string"),
	} {
		if err != nil {
			return t, err
		}
	}
	if returned != nil {
		t.Return = *returned
	}
	for _, raw := range ops {
		op, ok := parseListOp(raw)
		if !ok {
			return t, object.fault("ops", "something else", `["append", KEY, ELEMENT] and ["r", KEY, [ELEMENT, …]]`)
		}
		t.Ops = append(t.Ops, op)
	}
	return t, nil
}

// parseListOp reads one operation, ["append", key, element] or ["r", key, list].
func parseListOp(raw []json.RawMessage) (op ListOp, ok bool) {
	var what string
	if len(raw) != 3 || json.Unmarshal(raw[0], &what) != nil || json.Unmarshal(raw[1], &op.Key) != nil {
		return op, false
	}
	switch what {
	case "append":
		return op, json.Unmarshal(raw[2], &op.Element) == nil
	case "r":
		op.Read = true
		return op, json.Unmarshal(raw[2], &op.List) == nil
	}
	return op, false
}
