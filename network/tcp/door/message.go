package door

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// The bounds of keys and values, in bytes, and of a transaction's commands.
const (
	KeyMost      = 1 << 10
	ValueMost    = 1 << 20
	CommandsMost = 128
)

// sessionKey holds the number of the last client session. It is no key of a user's.
const sessionKey = "\x00client"

// Value is a string that JSON can hold whatever its bytes are.
type Value struct {
	Text   *string `json:"value,omitempty"`
	Base64 *string `json:"base64,omitempty"`
}

// valueOf returns the Value of a string.
func valueOf(s string) Value {
	if utf8.ValidString(s) {
		return Value{Text: &s}
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(s))
	return Value{Base64: &encoded}
}

// String returns the string; the error says what is wrong with what was sent.
func (v Value) String() (string, error) {
	switch {
	case v.Text != nil && v.Base64 != nil:
		return "", fmt.Errorf(`both "value" and "base64" are given`)
	case v.Text != nil:
		return *v.Text, nil
	case v.Base64 != nil:
		decoded, err := base64.StdEncoding.DecodeString(*v.Base64)
		if err != nil {
			return "", fmt.Errorf(`"base64": %w`, err)
		}
		return string(decoded), nil
	}
	return "", fmt.Errorf(`neither "value" nor "base64" is given`)
}

// Command is one operation, as it is sent.
type Command struct {
	Op  string `json:"op,omitempty"`
	Key string `json:"key,omitempty"`
	Value
	Expect       *string `json:"expect,omitempty"`
	ExpectBase64 *string `json:"expectBase64,omitempty"`
	Absent       bool    `json:"absent,omitempty"`
}

// commandOf returns how a machine's command is sent.
func commandOf(c machine.Command) Command {
	sent := Command{Op: string(c.Op), Key: c.Key, Absent: c.Absent}
	if c.Op != machine.Get && c.Op != machine.Delete {
		sent.Value = valueOf(c.Value)
	}
	if c.Op == machine.CAS && !c.Absent {
		expect := valueOf(c.Expect)
		sent.Expect, sent.ExpectBase64 = expect.Text, expect.Base64
	}
	return sent
}

// command returns what a Command says; the error says what is wrong with it.
func (c Command) command() (machine.Command, error) {
	made := machine.Command{Op: machine.Op(c.Op), Key: c.Key, Absent: c.Absent}
	if err := checkKey(c.Key); err != nil {
		return made, err
	}
	var err error
	switch made.Op {
	case machine.Get, machine.Delete:
		return made, nil
	case machine.Put, machine.CAS, machine.Add:
		if made.Value, err = c.Value.String(); err != nil {
			return made, err
		}
	default:
		return made, fmt.Errorf("no operation %q; there are: get, put, delete, cas, add", c.Op)
	}
	if err := checkValue(made.Value); err != nil {
		return made, err
	}
	expects := c.Expect != nil || c.ExpectBase64 != nil
	switch {
	case made.Op != machine.CAS || made.Absent && !expects:
	case made.Absent:
		return made, fmt.Errorf(`a cas with both "expect" and "absent"`)
	case !expects:
		return made, fmt.Errorf(`a cas needs "expect": "…" or "absent": true`)
	default:
		made.Expect, err = Value{Text: c.Expect, Base64: c.ExpectBase64}.String()
	}
	return made, err
}

// checkCommand tells what is wrong with a command, if anything is.
func checkCommand(c *machine.Command) error {
	if err := checkKey(c.Key); err != nil {
		return err
	}
	if !slices.Contains(operations[:], c.Op) {
		return fmt.Errorf("no operation %q; there are: get, put, delete, cas, add", c.Op)
	}
	return checkValue(c.Value)
}

// checkTransaction does the same for a transaction.
func checkTransaction(t *machine.Transaction) error {
	if err := checkCount(len(t.Commands)); err != nil {
		return err
	}
	for i := range t.Commands {
		if err := checkCommand(&t.Commands[i]); err != nil {
			return fmt.Errorf("command %d: %w", i+1, err)
		}
	}
	return nil
}

func checkCount(commands int) error {
	if commands == 0 || commands > CommandsMost {
		return fmt.Errorf("the transaction has %d commands, use 1 to %d", commands, CommandsMost)
	}
	return nil
}

func checkValue(value string) error {
	if len(value) > ValueMost {
		return errLarge{fmt.Errorf("the value has %d bytes, %d are the most", len(value), ValueMost)}
	}
	return nil
}

// errLarge marks what is wrong for being too large.
type errLarge struct{ error }

func checkKey(key string) error {
	switch {
	case key == "" || len(key) > KeyMost:
		return fmt.Errorf("the key has %d bytes, use 1 to %d", len(key), KeyMost)
	case key[0] == 0:
		return fmt.Errorf("the key begins with a zero byte: such keys are the service's own")
	case !utf8.ValidString(key):
		return fmt.Errorf("the key is not UTF-8")
	}
	return nil
}

// Transaction is several commands, as they are sent.
type Transaction struct {
	Commands []Command `json:"commands"`
}

func (t Transaction) transaction() (machine.Transaction, error) {
	var made machine.Transaction
	if err := checkCount(len(t.Commands)); err != nil {
		return made, err
	}
	for i, sent := range t.Commands {
		command, err := sent.command()
		if err != nil {
			return made, fmt.Errorf("command %d: %w", i+1, err)
		}
		made.Commands = append(made.Commands, command)
	}
	return made, nil
}

// size returns about how many bytes a value has.
func (v Value) size() int {
	switch {
	case v.Text != nil:
		return len(*v.Text)
	case v.Base64 != nil:
		return len(*v.Base64)
	}
	return 0
}

// Result is the answer to an operation. A pointer is nil where the operation tells
// nothing of the kind.
type Result struct {
	Found   *bool `json:"found,omitempty"`
	Swapped *bool `json:"swapped,omitempty"`
	*Value
	Error string `json:"error,omitempty"`
}

// resultOf returns how the result of an operation is sent.
func resultOf(op machine.Op, r machine.Result) Result {
	var sent Result
	if sent.Error = r.Error; sent.Error != "" {
		return sent
	}
	if op != machine.Put {
		sent.Found = &r.Found
	}
	if op == machine.CAS || op == machine.Add {
		sent.Swapped = &r.Swapped
	}
	if r.Found && op != machine.Put && op != machine.Delete {
		value := valueOf(r.Value)
		sent.Value = &value
	}
	return sent
}

func (r Result) size() int {
	if r.Value == nil {
		return 0
	}
	return r.Value.size()
}

// result returns the machine's result that was sent.
func (r Result) result() (machine.Result, error) {
	made := machine.Result{Error: r.Error}
	made.Found = r.Found != nil && *r.Found
	made.Swapped = r.Swapped != nil && *r.Swapped
	var err error
	if r.Value != nil && (r.Text != nil || r.Base64 != nil) {
		made.Value, err = r.Value.String()
	}
	return made, err
}

// TransactionResult is the answer to a Transaction.
type TransactionResult struct {
	Aborted bool     `json:"aborted"`
	Results []Result `json:"results"`
	Error   string   `json:"error,omitempty"`
}

func (r TransactionResult) size() int {
	sum := 0
	for i := range r.Results {
		sum += r.Results[i].size()
	}
	return sum
}

// Change is what a watch tells.
type Change struct {
	Revision uint64 `json:"revision"`
	Key      string `json:"key"`
	Deleted  bool   `json:"deleted,omitempty"`
	*Value
}

func changeOf(c machine.Change) Change {
	sent := Change{Revision: c.Revision, Key: c.Key, Deleted: c.Deleted}
	if !c.Deleted {
		value := valueOf(c.Value)
		sent.Value = &value
	}
	return sent
}

// Changes is the answer to a poll.
type Changes struct {
	Revision uint64   `json:"revision"`
	Changes  []Change `json:"changes"`
}

func (c Changes) size() int {
	sum := 0
	for i := range c.Changes {
		sum += c.Changes[i].size()
	}
	return sum
}

func (c Change) size() int {
	if c.Value == nil {
		return len(c.Key)
	}
	return len(c.Key) + c.Value.size()
}

// Status tells who a node is and how it is.
type Status struct {
	Schema   int              `json:"schema"`
	ID       protocols.NodeID `json:"id"`
	Cluster  string           `json:"cluster"`
	Protocol string           `json:"protocol"`
	// Role is what the protocol calls it; Leading tells that the node is the
	// established leader, as far as it knows. Epoch is the highest that it knows.
	Role    string `json:"role"`
	Leading bool   `json:"leading"`
	Epoch   uint64 `json:"epoch"`
	// Revision is that of the node's own copy, Keys how many keys it has.
	Revision uint64 `json:"revision"`
	Keys     int    `json:"keys"`
	// Connected are the peers to which there is a connection.
	Connected []protocols.NodeID `json:"connected"`
}

// Fault is the body of an error.
type Fault struct {
	// Kind is one of the words in the package's documentation, Done "no" or
	// "unknown".
	Kind    string `json:"error"`
	Done    string `json:"done"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	// Revision is that of the node, where a watch asked for an older one.
	Revision uint64 `json:"revision,omitempty"`
}

func (f *Fault) Error() string {
	text := f.Kind + ": " + f.Message
	if f.Hint != "" {
		text += "\n  hint: " + f.Hint
	}
	return text
}

// Unknown tells that nobody knows whether the request was, or will be, executed.
func (f *Fault) Unknown() bool { return f.Done != "no" }

// decode reads one JSON object and nothing else, with no unknown fields.
func decode(decoder *json.Decoder, into any) error {
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("the body: %w", err)
	}
	if decoder.More() {
		return fmt.Errorf("the body goes on after its JSON object")
	}
	return nil
}
