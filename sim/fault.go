package sim

import (
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

// Fault is one change of the environment, or its end. Everything that strikes
// a run is one of these, at an instant that the caller chooses.
type Fault struct {
	Kind FaultKind        `json:"kind"`
	Node protocols.NodeID `json:"node,omitzero"`
	// Pairs are the ordered pairs that CutLinks, HealLinks and SetLinks
	// concern; nil: all, but none to cut.
	Pairs []network.Pair `json:"pairs,omitempty"`
	// Cut names what CutLinks cuts, so that HealLinks heals just that. ""
	// in HealLinks heals whatever cuts the pairs.
	Cut string `json:"cut,omitzero"`
	// By is a delay or a jump, Drift a clock's new rate (parts per million).
	By    time.Duration `json:"by,omitzero"`
	Drift int64         `json:"drift,omitzero"`
	// Keep is how many unforced writes a crash keeps; -1: all.
	Keep int `json:"keep,omitzero"`
	// Torn: the write after them is torn. Before: of CrashAtSync.
	Torn   bool `json:"torn,omitzero"`
	Before bool `json:"before,omitzero"`
	// Power: of CrashNode, the node has lost its power: see CrashNode.
	Power bool `json:"power,omitzero"`
	// Count is the number of forces until CrashAtSync (1: the next), or the
	// position of RotRecord.
	Count uint64 `json:"count,omitzero"`
	// On switches FillDisk.
	On bool `json:"on,omitzero"`
	// Conditions are what SetLinks sets.
	Conditions network.Conditions `json:"conditions,omitzero"`
}

// FaultKind names a Fault in traces.
type FaultKind string

// The kinds of fault. Behind each stand the fields that it uses.
//
// A process that crashes leaves a machine that closes its connections: what it
// had sent still arrives, and its peers learn of the end after
// Config.DialTimeout. One that crashes with its machine's power loses a suffix
// of what it had sent, and its peers are told nothing: such a connection is half
// open. A peer learns of it only when it sends and is not answered for
// Config.StreamTimeout, or is told, by a machine that runs again, that there is
// no such connection, or when the node connects anew.
const (
	CutLinks    FaultKind = "cut"           // Pairs, Cut
	HealLinks   FaultKind = "heal"          // Pairs, Cut
	SetLinks    FaultKind = "links"         // Pairs, Conditions
	BreakStream FaultKind = "break"         // Pairs; all in flight is lost
	CrashNode   FaultKind = "crash"         // Node, Keep, Torn, Power
	CrashAtSync FaultKind = "crash-at-sync" // Node, Count, Before, Keep, Torn, Power
	RestartNode FaultKind = "restart"       // Node; no CrashAtSync or FailForce waits any more
	PauseNode   FaultKind = "pause"         // Node
	ResumeNode  FaultKind = "resume"        // Node
	SlowNode    FaultKind = "slow"          // Node, By a step; 0 ends it
	JumpClock   FaultKind = "clock-jump"    // Node, By
	DriftClock  FaultKind = "clock-drift"   // Node, Drift
	SlowDisk    FaultKind = "disk-slow"     // Node, By a force; 0 ends it
	FillDisk    FaultKind = "disk-full"     // Node, On
	FailForce   FaultKind = "disk-eio"      // Node: the next force fails
	RotRecord   FaultKind = "disk-rot"      // Node, Count
	RotMeta     FaultKind = "disk-rot-meta"
	RotSnapshot FaultKind = "disk-rot-snapshot"
	LoseDisk    FaultKind = "disk-lost" // Node, if it is down: it will boot with an empty disk
)

// inflict makes the part of a fault that changes the world.
func (w *World) inflict(f *Fault, step *Step) {
	step.reset()
	step.Choice, step.Fault, step.Done = Choice{}, f, true
	switch f.Kind {
	case CutLinks:
		if err := w.Network.Cut(f.Cut, f.Pairs); err != nil {
			panic("sim: " + err.Error())
		}
	case HealLinks:
		w.heal(f)
	case JumpClock:
		w.cell(f.Node).Clock.Jump(w.Now, f.By)
	case DriftClock:
		w.cell(f.Node).Clock.SetDrift(w.Now, f.Drift)
	case FillDisk:
		w.cell(f.Node).Disk.Full = f.On
	case FailForce:
		w.cell(f.Node).Disk.Failing = true
	case RotRecord:
		step.Done = w.cell(f.Node).Disk.Rot(f.Count) != 0
	case RotMeta:
		step.Done = w.cell(f.Node).Disk.RotMeta()
	case RotSnapshot:
		step.Done = w.cell(f.Node).Disk.RotSnapshot()
	case LoseDisk:
		if step.Done = !w.cell(f.Node).Up; step.Done {
			w.cell(f.Node).Disk.Lose()
		}
	}
}

// heal makes links whole: those of one cut, of some pairs, or all.
func (w *World) heal(f *Fault) {
	switch {
	case f.Cut != "":
		w.Network.Heal(f.Cut)
	case f.Pairs != nil:
		w.Network.Mend(f.Pairs)
	default:
		w.Network.HealAll()
	}
}
