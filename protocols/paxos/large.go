package paxos

import (
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// A few large commands can keep links and disks busy for seconds. If they were repeated
// as often as small ones, for as long as they take, nothing else would be done any more,
// and that would not end when the clients are gone (Bronson, Aghayev, Charapko, Zhu,
// "Metastable failures in distributed systems", HotOS 2021). So what is large is repeated
// less often; little of it is under way at a time, or the heartbeats behind it would be
// late; and an attempt to lead is given the time that it takes.

const (
	// openMost is from how many bytes of open slots on no more are proposed.
	openMost = 16 << 20
	// slowBytes are what disks and links surely do in a half tick.
	slowBytes = 64 << 10
)

// pause returns in how many half ticks so many bytes are repeated.
func pause(bytes int) uint64 { return 1 + uint64(bytes/batchBytes) }

// dueAgain tells whether a command that waits is to be handed on now: if it is not yet, or
// now and then in case it was lost. One without a name would be executed as often as it
// comes.
func (n *Node) dueAgain(w *Wait) bool {
	if !w.Handed {
		return true
	}
	pause := pause(machine.SizeOf(w.Command))
	return w.Client != 0 && (w.Age%pause == 0 || pause > 1 && w.To != n.Leader)
}

// openBytes returns how many bytes the values of open slots have in this node's log.
func (n *Node) openBytes() (bytes int) {
	for slot := max(n.Chosen+1, n.Log.First); slot < n.Log.next(); slot++ {
		if e := n.Log.at(slot); e != nil {
			bytes += sizeOf(e.Value)
		}
	}
	return bytes
}

// attempt returns for how many half ticks a stage of an attempt to lead may last.
func (n *Node) attempt() uint64 {
	return n.Options.Election + uint64(n.Leading.OpenBytes/slowBytes)
}

// progress gives an attempt to lead more time when a large value was applied.
func (n *Node) progress(value protocols.Record) {
	g := &n.Leading
	bytes := sizeOf(value)
	g.OpenBytes -= bytes
	if bytes >= slowBytes {
		g.Age = 0
	}
}
