package language

import (
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

// Entry is one line of the timeline.
type Entry struct {
	At     time.Duration
	Action Action
}

// Action is what an Entry does: one of the types below. Those with a method
// Kind are faults or end one.
type Action interface{ isAction() }

// Say is narration.
type Say struct{ Text string }

// Ask is a question to the learner and what happens then.
type Ask struct{ Question, Answer string }

// Partition cuts links, in addition to those already cut. Cuts tells which.
type Partition struct {
	Form Form
	// Groups are those of FormGroups, at least two. Each node of the cluster
	// is in one of them, by its id, its role or Rest.
	Groups [][]Target
	// Node is the node of FormMinority, FormMajority and FormBridge.
	Node  Target
	Pairs []TargetPair // FormCut
	// Every, above 0, makes it flap: the cut is there for Every, gone for
	// Every and so on, until For is over; For is then above 0.
	Every time.Duration
	// For is how long it lasts; 0: until it is healed.
	For time.Duration
}

// Form tells the kinds of Partition apart.
type Form string

// The forms of a partition; see the presets of package network.
const (
	FormGroups   Form = "groups"   // nodes of different groups do not reach each other
	FormMinority Form = "minority" // Node and what fills a minority are cut off
	FormMajority Form = "majority" // likewise, but Node is in the majority
	FormBridge   Form = "bridge"   // two halves, which meet only in Node
	FormRing     Form = "ring"     // every node reaches only its two neighbours
	FormCut      Form = "cut"      // the ordered pairs of Pairs
)

// Target is a node of the timeline: known by id, or found at run time.
type Target struct {
	Node protocols.NodeID // 0: see Role
	Role Role
}

// Role is found out when its entry is due.
type Role string

// The roles of a Target.
const (
	// Leader is the node that last noted Leading, of the highest term. While
	// there is none the entry waits until there is.
	Leader Role = "leader"
	// Follower is a node that is up and not the Leader, drawn by the seed.
	Follower Role = "a-follower"
	// AnyNode is a node that is up, drawn by the seed.
	AnyNode Role = "any"
	// Spare, in the `add` of a Reconfigure only, is a node that is up and no
	// member, drawn by the seed.
	Spare Role = "a-spare"
	// Rest, in groups only, is all nodes that no other target there names.
	Rest Role = "rest"
)

// TargetPair is an ordered pair of nodes: messages From → To.
type TargetPair struct{ From, To Target }

// Heal ends partitions.
type Heal struct {
	// All heals everything; else Among heals all links between the nodes
	// listed and Pairs the ordered pairs listed.
	All   bool
	Among []Target
	Pairs []TargetPair
}

// Crash stops a node; its disk keeps a prefix of the unsynced writes.
type Crash struct {
	Node Target
	Keep Keep
	// Torn leaves a part of the write after the prefix too.
	Torn bool
	// Power: the machine loses its power, so that peers are told nothing and a
	// part of what the node had sent is lost.
	Power bool
	// OnFsync, above 0, delays the crash to the OnFsync-th completion of a
	// Persist of the node, counted from the entry's time on; BeforeFsync has
	// it die just before that completion, else it dies just after it, before
	// it learns of it.
	OnFsync     int
	BeforeFsync bool
}

// Keep is how many of the unsynced writes a crash keeps: a number from 0 on, or one of
// the constants.
type Keep int

// Values of Keep beside numbers.
const (
	KeepNone   Keep = 0
	KeepAll    Keep = -1
	KeepRandom Keep = -2
)

// Restart boots a node that is down; a node that is up is left alone.
type Restart struct{ Node Target }

// Pause stops a node, and what reaches it waits; For 0: to the run's end.
type Pause struct {
	Node Target
	For  time.Duration
}

// Slow makes every step of a node By later; For 0: to the run's end.
type Slow struct {
	Node Target
	By   time.Duration
	For  time.Duration
}

// ClockJump moves a node's clock by Jump, which may be negative.
type ClockJump struct {
	Node Target
	Jump time.Duration
}

// ClockDrift has a node's clock run fast by Drift from now on.
type ClockDrift struct {
	Node  Target
	Drift int64 // parts per million
}

// DiskSlow makes each write of a node By slower; For 0: to the run's end.
type DiskSlow struct {
	Node Target
	By   time.Duration
	For  time.Duration
}

// DiskFull fails every append of a node; For 0: to the run's end.
type DiskFull struct {
	Node Target
	For  time.Duration
}

// DiskFsyncFails makes the next fsync of a node fail (EIO).
type DiskFsyncFails struct{ Node Target }

// DiskRot makes something on a node's disk unreadable.
type DiskRot struct {
	Node Target
	What Rot
	// Records is how many records of the log rot, drawn by the seed.
	Records int
}

// DiskLost stops a node and replaces its disk by an empty one.
type DiskLost struct{ Node Target }

// Rot is what rots.
type Rot string

// What can rot.
const (
	RotRecords  Rot = "" // of the log
	RotMeta     Rot = "meta"
	RotSnapshot Rot = "snapshot"
)

// LinksChange changes conditions of links; For 0: to the run's end. When it
// is over the links return to their conditions before all changes.
type LinksChange struct {
	// Pairs are the ordered pairs concerned; nil: all links.
	Pairs  []TargetPair
	Change ConditionsChange
	For    time.Duration
}

// ConditionsChange replaces those conditions that are not nil.
type ConditionsChange struct {
	Delay                             *network.Distribution
	Loss, Duplicate, Reorder, Corrupt *network.Probability
	ReorderDelay                      *network.Distribution
	Bandwidth                         *uint64
}

// On returns conditions after the change.
func (c ConditionsChange) On(conditions network.Conditions) network.Conditions {
	set(&conditions.Delay, c.Delay)
	set(&conditions.Loss, c.Loss)
	set(&conditions.Duplicate, c.Duplicate)
	set(&conditions.Reorder, c.Reorder)
	set(&conditions.ReorderDelay, c.ReorderDelay)
	set(&conditions.Corrupt, c.Corrupt)
	set(&conditions.Bandwidth, c.Bandwidth)
	return conditions
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// FaultKind names a kind of fault in `swarm`, in conditions and in reports.
type FaultKind string

// The kinds of fault.
const (
	FaultPartition  FaultKind = "partition"
	FaultCrash      FaultKind = "crash"
	FaultPause      FaultKind = "pause"
	FaultSlow       FaultKind = "slow"
	FaultClock      FaultKind = "clock"
	FaultDisk       FaultKind = "disk"
	FaultMembership FaultKind = "membership"
	FaultLinks      FaultKind = "links"
)

// FaultKinds lists all kinds of fault.
func FaultKinds() []FaultKind {
	return []FaultKind{
		FaultPartition, FaultCrash, FaultPause, FaultSlow, FaultClock, FaultDisk, FaultLinks,
		FaultMembership,
	}
}

func (Say) isAction()            {}
func (Ask) isAction()            {}
func (Partition) isAction()      {}
func (Heal) isAction()           {}
func (Crash) isAction()          {}
func (Restart) isAction()        {}
func (Pause) isAction()          {}
func (Slow) isAction()           {}
func (ClockJump) isAction()      {}
func (ClockDrift) isAction()     {}
func (DiskSlow) isAction()       {}
func (DiskFull) isAction()       {}
func (DiskFsyncFails) isAction() {}
func (DiskRot) isAction()        {}
func (DiskLost) isAction()       {}
func (LinksChange) isAction()    {}
func (Reconfigure) isAction()    {}
func (Core) isAction()           {}

// Kind returns the kind of fault that the partition is; likewise the others.
func (Partition) Kind() FaultKind      { return FaultPartition }
func (Crash) Kind() FaultKind          { return FaultCrash }
func (Pause) Kind() FaultKind          { return FaultPause }
func (Slow) Kind() FaultKind           { return FaultSlow }
func (ClockJump) Kind() FaultKind      { return FaultClock }
func (ClockDrift) Kind() FaultKind     { return FaultClock }
func (DiskSlow) Kind() FaultKind       { return FaultDisk }
func (DiskFull) Kind() FaultKind       { return FaultDisk }
func (DiskFsyncFails) Kind() FaultKind { return FaultDisk }
func (DiskRot) Kind() FaultKind        { return FaultDisk }
func (DiskLost) Kind() FaultKind       { return FaultDisk }
func (LinksChange) Kind() FaultKind    { return FaultLinks }
func (Reconfigure) Kind() FaultKind    { return FaultMembership }

// Kind returns the kind of fault that the nodes outside the core suffer.
func (c Core) Kind() FaultKind {
	if c.Crash {
		return FaultCrash
	}
	return FaultPartition
}
