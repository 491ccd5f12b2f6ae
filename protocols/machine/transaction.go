package machine

import (
	"fmt"
	"slices"
	"strconv"
)

// Transaction is several commands executed as one: all of them, or none if the
// condition of one does not hold (a CAS that does not swap, an Add that cannot).
type Transaction struct{ Commands []Command }

// Size implements protocols.Sized.
func (t Transaction) Size() int {
	size := 0
	for _, c := range t.Commands {
		size += c.Size()
	}
	return size
}

// TransactionResult is what a KV answers to a Transaction.
type TransactionResult struct {
	// Results holds the result of each command, in order; of one that did not
	// take effect only the last, which made it so, and those before it.
	Results []Result
	// Aborted tells that nothing was changed.
	Aborted bool
	// Error is as in Result.
	Error string
}

// Transfer returns the transaction that moves an amount from one key to
// another; both hold whole numbers, and neither ever falls below zero.
func Transfer(from, to string, amount int64) Transaction {
	return Transaction{Commands: []Command{
		{Op: Add, Key: from, Value: strconv.FormatInt(-amount, 10)},
		{Op: Add, Key: to, Value: strconv.FormatInt(amount, 10)},
	}}
}

// Looking returns the transaction with a Get of one more key, at its end.
func (t Transaction) Looking(at string) Transaction {
	return Transaction{Commands: append(slices.Clip(t.Commands), Command{Op: Get, Key: at})}
}

// Keys returns the keys that the transaction names, in the order of its
// commands, one as often as it is named.
func (t Transaction) Keys() []string {
	keys := make([]string, 0, len(t.Commands))
	for _, c := range t.Commands {
		keys = append(keys, c.Key)
	}
	return keys
}

// Refused tells whether the result is that of a condition that did not hold:
// it aborts the transaction of which the command is part.
func (c Command) Refused(result Result) bool {
	return result.Error != "" || (c.Op == CAS || c.Op == Add) && !result.Swapped
}

// transact executes a transaction. What it has changed by the time that a
// condition does not hold it takes back.
func transact(m values, t Transaction) TransactionResult {
	type image struct {
		key    string
		before Result
	}
	var undo []image
	var done TransactionResult
	for i, c := range t.Commands {
		undo = append(undo, image{c.Key, m.get(c.Key)})
		result := execute(m, c)
		done.Results = append(done.Results, result)
		if !c.Refused(result) {
			continue
		}
		if result.Error != "" {
			done.Error = fmt.Sprintf("command %d: %s", i+1, result.Error)
		}
		done.Aborted = true
		for j := len(undo) - 1; j >= 0; j-- {
			if undo[j].before.Found {
				m.set(undo[j].key, undo[j].before.Value)
			} else {
				m.remove(undo[j].key)
			}
		}
		break
	}
	return done
}

// add executes an Add.
func add(m values, c Command) Result {
	amount, err := strconv.ParseInt(c.Value, 10, 64)
	if err != nil {
		return Result{Error: fmt.Sprintf("cannot add %q, which is no whole number", c.Value)}
	}
	result := m.get(c.Key)
	number := int64(0)
	if result.Found {
		if number, err = strconv.ParseInt(result.Value, 10, 64); err != nil {
			return result
		}
	}
	sum := number + amount
	if sum < 0 || (amount > 0) != (sum > number) && amount != 0 { // below zero, or past the largest
		return result
	}
	m.set(c.Key, strconv.FormatInt(sum, 10))
	result.Swapped = true
	return result
}

// Conserves implements protocols.Conserving: a Get changes nothing.
func (c Command) Conserves() bool { return c.Op == Get }

// Conserves implements protocols.Conserving: what the transaction adds to one
// key it takes from another.
func (t Transaction) Conserves() bool {
	sum := int64(0)
	for _, c := range t.Commands {
		switch c.Op {
		case Get:
		case Add:
			amount, err := strconv.ParseInt(c.Value, 10, 64)
			if err != nil {
				return false
			}
			sum += amount
		default:
			return false
		}
	}
	return sum == 0
}
