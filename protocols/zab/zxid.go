package zab

import "strconv"

// Epoch numbers the reign of one leader. The first is 1.
type Epoch uint32

// Zxid numbers a transaction: the epoch in the high 32 bits, a counter in the
// low 32. The first of an epoch has counter 1; counter 0 names the start of the
// epoch and no transaction. Zxid 0 stands before all transactions.
type Zxid uint64

func zxidOf(epoch Epoch, counter uint32) Zxid {
	return Zxid(epoch)<<32 | Zxid(counter)
}

// Epoch returns the epoch that the transaction was broadcast in.
func (z Zxid) Epoch() Epoch { return Epoch(z >> 32) }

// Counter returns the transaction's number within its epoch.
func (z Zxid) Counter() uint32 { return uint32(z) }

// String writes the epoch and the counter, as in "3:17".
func (z Zxid) String() string {
	return strconv.FormatUint(uint64(z.Epoch()), 10) + ":" +
		strconv.FormatUint(uint64(z.Counter()), 10)
}

// follows reports whether a log whose last transaction is last may go on with
// z: the next of the same epoch, or the first of a later one.
func (z Zxid) follows(last Zxid) bool {
	if z.Epoch() == last.Epoch() {
		return z == last+1 && z.Counter() != 0
	}
	return z > last && z.Counter() == 1
}
