package linear

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Clock says what the times of a history are.
type Clock int

// The clocks.
const (
	// Nanoseconds since the run began.
	Nanoseconds Clock = iota
	// Lines: the history has no times, only an order; a time is the number
	// of the event's line (or form) in its file.
	Lines
)

// at tells an instant, as it follows a verb.
func (c Clock) at(t int64) string {
	if c == Lines {
		return fmt.Sprintf("in line %d", t)
	}
	return "at " + time.Duration(t).String()
}

// instant tells an instant by itself.
func (c Clock) instant(t int64) string { return strings.TrimPrefix(c.at(t), "at ") }

// span tells an operation's interval.
func (c Clock) span(op *Operation) string {
	invoked, returned := c.instant(op.Invoke), c.instant(op.Return)
	switch {
	case op.Return == Never:
		return fmt.Sprintf("(invoked %s, never returned)", invoked)
	case op.Outcome == Info:
		return fmt.Sprintf("(invoked %s, given up %s)", invoked, returned)
	}
	return fmt.Sprintf("(invoked %s, returned %s)", invoked, returned)
}

// nameOfKey names a key in a sentence.
func nameOfKey(key string) string {
	if key == "" {
		return "the register"
	}
	for _, r := range key {
		if r <= ' ' || r == '"' || r == ',' || !strconv.IsPrint(r) {
			return strconv.Quote(key)
		}
	}
	return key
}

// who names the client of an operation and the node that it asked.
func who(op *Operation) string {
	name := op.Client
	if name == "" {
		name = fmt.Sprintf("client %d", op.Session)
	}
	if op.Node == "" {
		return name
	}
	return name + " at " + op.Node
}

// action names what an operation does, without its key and answer.
func action(op *Operation) string {
	switch {
	case op.answers() || op.Kind == Release:
		return string(op.Kind)
	case op.Kind == CAS:
		return fmt.Sprintf("cas %v to %v", op.Expected, op.In)
	case op.Kind == Write && !op.In.Present:
		return "removal"
	case op.Kind == Transfer:
		return fmt.Sprintf("transfer of %d", op.Amount)
	}
	return fmt.Sprintf("%s %v", op.Kind, op.In)
}

// wayOf tells between which keys a transfer moves its amount, and at which it looks.
func wayOf(op *Operation) string {
	way := fmt.Sprintf(" from %s to %s", nameOfKey(op.Key), nameOfKey(op.To))
	if op.Look != "" {
		way += ", looking at " + nameOfKey(op.Look)
	}
	return way
}

// labelOf names an operation and its answer in one short line.
func labelOf(op *Operation) string {
	label := fmt.Sprintf("%s: %s", who(op), action(op))
	if op.Kind == Transfer {
		label += wayOf(op)
	}
	switch {
	case op.Outcome == Fail:
		return label + " → failed"
	case op.Outcome == Info:
		return label + " → unknown"
	case op.Kind == Read || op.Kind == Dequeue || op.Kind == Acquire && op.Out.Present:
		return label + " → " + op.Out.String()
	case op.Kind == CAS && op.Swapped:
		return label + " → swapped"
	case op.Kind == CAS:
		return label + " → not equal"
	case op.Kind == Transfer && !op.Swapped:
		return label + " → not moved"
	case op.looked():
		return label + " → found " + op.Out.String()
	}
	return label + " → ok"
}

// subject tells who did what, when, and what came of it.
func subject(op *Operation, clock Clock) string {
	what := fmt.Sprintf("%s of %s", action(op), nameOfKey(op.Key))
	if op.Kind == CAS {
		what = fmt.Sprintf("%s on %s", action(op), nameOfKey(op.Key))
	}
	if op.Kind == Transfer {
		what = action(op) + wayOf(op)
	}
	answer := "returned " + op.Out.String()
	switch {
	case !op.Out.Present && (op.Kind == Enqueue || op.Kind == Acquire || op.Kind == Release):
		answer = "was done"
	case op.Kind == Acquire:
		answer = "returned the token " + op.Out.Text
	case op.Kind == Dequeue && !op.Out.Present:
		answer = "found nothing"
	case op.looked():
		answer = "was done and found " + op.Out.String()
	case op.Kind == Transfer && op.Swapped:
		answer = "was done"
	case op.Kind == Transfer:
		answer = "was not possible"
	case op.Kind == CAS && op.Swapped:
		answer = "found " + op.Expected.String()
	case op.Kind == CAS:
		answer = "did not find " + op.Expected.String()
	}
	return fmt.Sprintf("%s by %s %s %s", what, who(op), clock.span(op), answer)
}

// explain says in one sentence why the offender's answer cannot be. All that
// it says of other operations is a fact of the history.
func explain(ops, witness History, offender Operation, clock Clock) string {
	if onObject(ops) {
		if why := explainObject(ops, witness, &offender, clock); why != "" {
			return subject(&offender, clock) + ", but " + why
		}
	}
	seen, sure := offender.observes()
	if joint(ops) {
		sure = false // the reasons below are about one key, which only they write
	}
	if sure && !hasAppend(witness) {
		for _, reason := range [...]func(*scene) string{
			(*scene).unwritten, (*scene).tooEarly, (*scene).overwritten, (*scene).newerSeen, (*scene).wentBack,
		} {
			s := scene{ops: ops, witness: witness, offender: &offender, seen: seen, clock: clock}
			if why := reason(&s); why != "" {
				return subject(&offender, clock) + ", but " + why
			}
		}
	}
	if sure && hasAppend(witness) {
		if why := lostAppend(witness, &offender, clock); why != "" {
			return subject(&offender, clock) + ", but " + why
		}
	}
	return subject(&offender, clock) + ", but no order of it and the other operations allows that: " +
		others(witness, &offender, clock)
}

// others lists the witness without the offender, the last maxListed of it.
func others(witness History, offender *Operation, clock Clock) string {
	const maxListed = 6
	var list []string
	for i := range witness {
		if witness[i].ID != offender.ID {
			list = append(list, labelOf(&witness[i])+" "+clock.span(&witness[i]))
		}
	}
	if earlier := len(list) - maxListed; earlier > 0 {
		list = append([]string{fmt.Sprintf("%d earlier ones", earlier)}, list[earlier:]...)
	}
	return strings.Join(list, "; ")
}

func hasAppend(ops History) bool {
	for i := range ops {
		if ops[i].Kind == Append {
			return true
		}
	}
	return false
}

// scene is a violated key, to look for a reason in.
type scene struct {
	ops, witness History // all of the key, and the witness
	offender     *Operation
	seen         Value // what the offender observed
	clock        Clock
}

// writersOf returns the operations that may have written a value.
func writersOf(ops History, v Value) History {
	var writers History
	for i := range ops {
		if written, writes := ops[i].writes(); writes && written == v {
			writers = append(writers, ops[i])
		}
	}
	return writers
}

// unwritten: nobody wrote what was seen.
func (s *scene) unwritten() string {
	if s.seen == (Value{}) || len(writersOf(s.ops, s.seen)) > 0 {
		return ""
	}
	for i := range s.ops {
		op := &s.ops[i]
		if op.Outcome == Fail && op.Kind != Read && op.In == s.seen {
			return fmt.Sprintf("the only %s by %s %s had failed%s",
				action(op), who(op), s.clock.span(op), because(op))
		}
	}
	return "nobody wrote that"
}

func because(op *Operation) string {
	if op.Error == "" {
		return ""
	}
	return " (" + op.Error + ")"
}

// tooEarly: what was seen was not being written yet.
func (s *scene) tooEarly() string {
	if s.seen == (Value{}) {
		return ""
	}
	var first *Operation
	for _, w := range writersOf(s.ops, s.seen) {
		if w.Invoke <= s.offender.Return && w.ID != s.offender.ID {
			return ""
		}
		if w.ID != s.offender.ID && (first == nil || w.Invoke < first.Invoke) {
			first = &w
		}
	}
	if first == nil {
		return ""
	}
	return fmt.Sprintf("%s by %s was invoked only %s", action(first), who(first), s.clock.at(first.Invoke))
}

// olderThan reports that all that could have written v for the offender to see
// (or its being the first value) came before an operation was invoked.
func (s *scene) olderThan(v Value, op *Operation) bool {
	for _, w := range writersOf(s.ops, v) {
		if w.Invoke > s.offender.Return {
			continue
		}
		if w.Outcome != OK || w.Return >= op.Invoke {
			return false
		}
	}
	return true
}

// overwritten: another value had been written since.
func (s *scene) overwritten() string {
	for i := range s.witness {
		w := &s.witness[i]
		v, writes := w.writes()
		if writes && v != s.seen && w.Outcome == OK && w.Return < s.offender.Invoke && s.olderThan(s.seen, w) {
			return fmt.Sprintf("%s by %s had returned %s", action(w), who(w), s.clock.at(w.Return))
		}
	}
	return ""
}

// newerSeen: somebody had seen a newer value already.
func (s *scene) newerSeen() string {
	for i := range s.witness {
		r := &s.witness[i]
		v, observes := r.observes()
		if !observes || r.Outcome != OK || v == s.seen || r.Return >= s.offender.Invoke || v == (Value{}) {
			continue
		}
		writers := writersOf(s.ops, v)
		newer := len(writers) > 0
		for j := range writers {
			newer = newer && s.olderThan(s.seen, &writers[j])
		}
		if newer {
			return fmt.Sprintf("the newer %v had been seen by %s of %s, which returned %s",
				v, action(r), who(r), s.clock.at(r.Return))
		}
	}
	return ""
}

// wentBack: the value had been seen to give way to another one.
func (s *scene) wentBack() string {
	if len(writersOf(s.ops, s.seen)) > 1 {
		return "" // it may have been written again
	}
	for i := range s.witness {
		a := &s.witness[i]
		if v, observes := a.observes(); !observes || v != s.seen || a.Outcome != OK || a.ID == s.offender.ID {
			continue
		}
		for j := range s.witness {
			b := &s.witness[j]
			v, observes := b.observes()
			if observes && b.Outcome == OK && v != s.seen && a.Return < b.Invoke && b.Return < s.offender.Invoke {
				return fmt.Sprintf("after %s by %s had seen %v (returned %s), %s by %s had seen %v (returned %s)",
					action(a), who(a), s.seen, s.clock.instant(a.Return), action(b), who(b), v, s.clock.instant(b.Return))
			}
		}
	}
	return ""
}

// lostAppend: what was appended before the read is not in what it saw,
// although nothing could have replaced the value since.
func lostAppend(witness History, offender *Operation, clock Clock) string {
	seen, _ := offender.observes()
	for i := range witness {
		a := &witness[i]
		if a.Kind != Append || a.Outcome != OK || a.Return >= offender.Invoke || strings.Contains(seen.Text, a.In.Text) {
			continue
		}
		replaced := false
		for j := range witness {
			w := &witness[j]
			_, writes := w.writes()
			replaced = replaced || writes && (w.Outcome != OK || w.Return >= a.Invoke)
		}
		if !replaced {
			return fmt.Sprintf("%s by %s had returned %s", action(a), who(a), clock.at(a.Return))
		}
	}
	return ""
}
