package mutants

// World says how a mutant is shown by exploring all that can happen in a world of a
// few nodes (`check --mutant`).
type World struct {
	// Set are the parameters of the world, beside the defaults of its protocol.
	Set map[string]string
	// Breaks is the property that a shortest run breaks, and Steps is how long that
	// is, from where exploration begins.
	Breaks string
	Steps  int
	// Beyond says why no world shows the mutant, "" if one does.
	Beyond string
}

type parameters = map[string]string

// worlds has them by mutant. What the scripts (before) lead to is what others must
// have met before the error can show: a node that lags behind, a log that ends with
// what its leader lacks.
var worlds = map[string]World{
	"paxos-promise-not-persisted":  {Breaks: "force-order", Steps: 3},
	"paxos-accept-keeps-promise":   {Breaks: "promise", Steps: 13},
	"paxos-failed-fsync-believed":  {Breaks: "force-order", Steps: 6},
	"paxos-promise-omits-executed": {Breaks: "durability", Steps: 13},
	"paxos-executes-past-hole":     {Breaks: "prefix", Steps: 15},
	"paxos-own-value-proposed":     {Breaks: "p2c", Steps: 9},
	"paxos-quorum-too-small":       {Breaks: "p2c", Steps: 2},
	"paxos-ballots-not-unique":     {Breaks: "one-value-a-ballot", Steps: 9},
	"paxos-any-accepted-value": {
		Breaks: "p2c", Steps: 11,
		Set: parameters{"clients": "3", "operations": "2", "before": "ask c1, cut n1, ask c1, crash n1, heal"},
	},
	"paxos-read-index-reused": {
		Breaks: "linearizable", Steps: 11,
		Set: parameters{
			"proposers": "leader", "start": "leader", "asks": "parts", "operations": "2", "expirations": "1", "crashes": "0",
		},
	},
	"paxos-leader-ends-sessions": {
		Breaks: "linearizable", Steps: 14,
		Set: parameters{
			"proposers": "leader", "start": "leader", "asks": "swaps", "contacts": "back", "clients": "1", "operations": "1",
			"expirations": "2", "timers": "1", "crashes": "0",
		},
	},
	"paxos-lease-without-drift": {
		Beyond: "what breaks is measured by clocks that run at unequal rates, and in a world no time passes: all clocks read 0",
	},
	"paxos-reconfigure-unprepared": {
		Beyond: "the members of a world never change, for none of its clients is an operator",
	},
	"paxoscommit-aborts-unasked": {Breaks: "p2c", Steps: 9, Set: parameters{"ranges": "hash", "idle": "2"}},
	"quorumstore-no-write-back":  {Breaks: "linearizable", Steps: 9},
	"quorumstore-wall-clock":     {Breaks: "linearizable", Steps: 12, Set: parameters{"asks": "turns"}},
	"quorumstore-hint-counts": {
		Breaks: "linearizable", Steps: 6,
		Set: parameters{"n": "2", "r": "1", "w": "2", "operations": "1", "timers": "1", "before": "crash n1"},
	},
	"threepc-obeys-deposed": {
		Breaks: "ac1", Steps: 14, Set: parameters{"termination": "e3pc", "timers": "3", "cuts": "0", "idle": "0", "contacts": "all"},
	},
	"2pc-answer-before-logged": {Breaks: "force-order", Steps: 4, Set: parameters{"ranges": "hash"}},
	"2pc-yes-before-prepared":  {Breaks: "force-order", Steps: 2},
	"2pc-prepared-aborts":      {Breaks: "ac1", Steps: 6, Set: parameters{"ranges": "hash"}},
	"2pc-shipped-and-forgotten": {
		Breaks: "conservation", Steps: 7,
		Set: parameters{"asks": "moves", "clients": "2", "operations": "2", "contacts": "own", "before": "ask c1"},
	},
	"2pc-votes-before-locks": {
		Beyond: "it takes transactions of which somebody only reads, and no client of a world asks for such",
	},

	"zab-ack-before-durable": {Breaks: "force-order", Steps: 3},
	"zab-epoch-before-history": {
		Breaks: "no-panic", Steps: 48,
		Set: parameters{
			"start": "leader", "before": "crash n1, ask c1, crash n3", "operations": "1", "crashes": "2", "breaks": "0", "disks": "any",
		},
	},
	"zab-trunc-in-memory": {Breaks: "prefix", Steps: 28, Set: orphan("1")},
	"zab-old-log-writer":  {Breaks: "prefix", Steps: 28, Set: orphan("1")},
	"zab-diff-for-orphan": {Breaks: "prefix", Steps: 13, Set: orphan("0")},
	"zab-snap-in-memory": {
		Breaks: "force-order", Steps: 13,
		Set: parameters{
			"start": "leader", "before": "crash n1, ask c1, ask c1", "operations": "3", "crashes": "0", "breaks": "0",
			"disks": "any", "snapCount": "1", "commitLogCount": "0",
		},
	},
	"zab-failed-force-believed": {
		Breaks: "force-order", Steps: 3,
		Set: parameters{
			"start": "leader", "before": "ask c1, ask c1, ask c1, ask c1, ask c1, ask c1", "operations": "7", "crashes": "0", "breaks": "0",
		},
	},
	"zab-accepted-epoch-forgotten": {Breaks: "force-order", Steps: 14, Set: parameters{"start": "boot"}},
	"zab-ackepoch-before-durable":  {Breaks: "force-order", Steps: 15, Set: parameters{"start": "boot"}},
	"zab-newleader-before-durable": {
		Breaks: "force-order", Steps: 12,
		Set: parameters{
			"start": "leader", "before": "crash n1, ask c1", "operations": "1", "crashes": "0", "breaks": "0", "disks": "any",
		},
	},
	"zab-uptodate-before-applied": {
		Breaks: "linearizable", Steps: 18,
		Set: parameters{
			"start": "leader", "before": "crash n2, ask c1", "clients": "2", "asks": "parts", "operations": "1", "crashes": "0", "breaks": "0",
		},
	},
	"zab-commit-unmatched": {
		Breaks: "linearizable", Steps: 25,
		Set: parameters{
			"start": "leader", "before": "crash n2, ask c1", "clients": "2", "asks": "parts", "operations": "2", "crashes": "0", "breaks": "0",
		},
	},
	"zab-memory-kept": {Breaks: "prefix", Steps: 23},
	"zab-ring-with-hole": {
		Breaks: "prefix", Steps: 34,
		Set: parameters{
			"start": "leader", "before": "crash n1, ask c1, ask c1, crash n3", "operations": "3", "crashes": "0", "breaks": "0",
		},
	},
	"zab-commit-too-far": {
		Breaks: "durability", Steps: 27,
		Set: parameters{
			"start": "leader", "before": "crash n2, only ask c1, only ask c2, only deliver n1 n3, only deliver n3 n1, " +
				"only deliver n3 n1, only sync n1, only deliver n1 n3, only sync n3, only deliver n3 n1",
			"clients": "2", "operations": "1", "contacts": "back", "crashes": "2", "breaks": "0", "disks": "any",
		},
	},
	"zab-counter-runs-over": {
		Breaks: "zab-integrity", Steps: 2,
		Set: parameters{
			"start": "leader", "before": "ask c1, cut n3, ask c1, crash n3, heal, lead", "operations": "3", "contacts": "back",
			"counterMax": "1", "crashes": "0", "breaks": "0",
		},
	},
	"zab-snap-behind-newleader": {
		Breaks: "linearizable", Steps: 18,
		Set: parameters{
			"start": "leader", "before": "crash n2, ask c1, ask c1, ask c1", "clients": "2", "asks": "parts", "operations": "3",
			"snapCount": "2", "commitLogCount": "0", "crashes": "0", "breaks": "0",
		},
	},
	// What clients see of it within these bounds is right: what is wrong is the step.
	"zab-early-proposal": {
		Breaks: "refines-zab-spec", Steps: 9,
		Set: parameters{
			"start": "leader", "before": "ask c1, crash n1, ask c1", "operations": "3", "crashes": "0", "breaks": "0", "refine": "on",
		},
	},
	"zab-proposal-before-newleader": {
		Beyond: "it costs progress alone: the leader refuses the early acknowledgement, and the follower begins anew, for ever, " +
			"each time under another number, so that no state comes again and no circle can be shown",
	},
	"canary-1-percent": {
		Beyond: "whether it errs is decided by the instant at which a client asks, and a world has no instants",
	},
}

// orphan are the parameters of a world in which n3 has led, and is down with a
// transaction in its log that the next leader, who has another, lacks.
func orphan(crashes string) parameters {
	return parameters{
		"start": "leader", "before": "cut n3, ask c1, crash n3, heal, lead, ask c1", "operations": "2", "contacts": "back",
		"crashes": crashes, "breaks": "0",
	}
}
