package reports

import (
	"context"
	"slices"

	"quorumlab/checker/cost"
	"quorumlab/checker/linear"
	"quorumlab/reports/measure"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// The sides of a run. A scenario that names its clients' sides has its own.
const (
	SideMajority = "majority" // reached by more than half of the nodes
	SideMinority = "minority"
	SideCrashed  = "crashed node"
	SideOthers   = "other nodes"
	SideAll      = "all"
)

// sample is what one run of a phase, with one seed, showed.
type sample struct {
	seed  uint64
	steps uint64
	// struck: a fault took effect; during is the time while some did, before
	// that of the work before the first.
	struck         bool
	during, before measure.Window
	works, end     int64

	shares    []measure.SideShare
	cap       measure.Share
	rates     [3]rates // before, during and after the fault
	errors    []measure.ErrorCount
	latencies []latencies
	failover  *int64
	recovery  *int64

	reads             []measure.Read
	staleVersions, of int // of reads, by the order of versions
	diverged          int
	convergence       *int64
	copies            bool // there are some to converge
	lost, outrun      int
	lostKnown         bool
	acked             int // writes
	lostReads, ofRead int
	inDoubt           *scenarios.InDoubt
	decided, mixed    int
	cost              *cost.Cost
	verdicts          []judgement // of the models, in their order
	failing           []string    // invariants that are violated
	levels            []measure.Level
	timeline          []answers
	// ops are kept for the plots, of one seed only.
	ops    []measure.Operation
	faults []scenarios.FaultSpan
}

// rates is how much was answered in a second.
type rates struct {
	perSecond float64
	known     bool
}

// answers is what was answered on a side, by the second of the intended start.
type answers struct {
	side   string
	shares []measure.Share
}

// latencies are those of the operations of a kind, of a side, that were to start
// in a part of the run.
type latencies struct {
	part, side string
	kind       linear.Kind
	sorted     []int64
}

// The parts of a run.
const (
	partBefore = "before" // the first fault; all, if there is none
	partDuring = "during"
)

// measured computes the sample of a run.
func measured(ctx context.Context, result *scenarios.Result, seed uint64, models []Model) sample {
	s := sample{seed: seed, steps: result.Steps, faults: result.Faults, end: int64(result.Virtual)}
	ops := operationsOf(result)
	s.windows(ops)
	deadline := int64(result.Run.Deadline)
	if deadline == 0 {
		deadline = deadlineDefault
	}
	s.clientSide(ops, deadline)
	s.onlooker(result, ops, deadline)
	single, transactions := result.History.Apart()
	h := judged{
		plain: plainOf(single), initial: map[string]linear.Value{}, isolation: judgeIsolation(transactions, linear.Nanoseconds),
	}
	if len(single) > 0 {
		h.whole = append(scenarios.Initial(&result.Run), single...)
	}
	if s.struck {
		h.quiet = s.during.To
	}
	for key, value := range result.Run.Initial {
		h.initial[key] = linear.Some(value)
	}
	for _, v := range result.Verdicts {
		if v.Property == linearizable && v.Verdict == scenarios.Holds {
			h.linearizable = &judgement{verdict: linear.Holds, tested: len(single)}
		}
	}
	s.judge(ctx, h, models)
	for _, v := range result.Verdicts {
		if v.Invariant && v.Verdict == scenarios.Violated {
			s.failing = append(s.failing, v.Property)
		}
	}
	s.ops = ops
	return s
}

// unsupported is what a protocol says to what it does not offer: that is not
// unavailable.
const unsupported = "unsupported"

// deadlineDefault is the patience of the availability figure where none is given.
const deadlineDefault = int64(1e9)

// operationsOf returns what the clients were to do, with their sides.
func operationsOf(result *scenarios.Result) []measure.Operation {
	sides := sidesOf(result)
	begun := map[int]bool{}
	ops := make([]measure.Operation, 0, len(result.Run.Script))
	for _, op := range result.History {
		begun[op.ID] = true
		op.Side = sides[op.Session-1]
		ops = append(ops, measure.Operation{Operation: op, Intended: int64(result.Run.Script[op.ID-1].At), Begun: true})
	}
	for i, o := range result.Run.Script {
		if !begun[i+1] {
			ops = append(ops, measure.Operation{Intended: int64(o.At), Operation: linear.Operation{
				ID: i + 1, Session: uint64(o.Client), Side: sides[o.Client-1], Kind: kindOf(o.Kind), Key: o.Key, Return: linear.Never,
			}})
		}
	}
	measure.ByIntention(ops)
	return ops
}

func kindOf(kind language.OperationKind) linear.Kind {
	if kind == language.Delete {
		return linear.Write
	}
	return linear.Kind(kind)
}

// sidesOf returns the side of each client: as the scenario has it, or by where
// the first fault left the node beside it.
func sidesOf(result *scenarios.Result) []string {
	run := &result.Run
	sides := make([]string, len(run.Clients))
	for i, c := range run.Clients {
		home := run.Cluster.Nodes[c.Nodes[0]-1].Name
		switch {
		case c.Side != "" && c.Side != home:
			sides[i] = c.Side
		case len(result.Faults) == 0:
			sides[i] = SideAll
		default:
			sides[i] = sideBy(result.Faults, home, len(run.Cluster.Nodes))
		}
	}
	return sides
}

func sideBy(faults []scenarios.FaultSpan, home string, nodes int) string {
	for _, f := range faults {
		switch {
		case f.Kind == language.FaultPartition && len(f.Groups) > 1:
			for _, group := range f.Groups {
				if slices.Contains(group, home) && 2*len(group) > nodes {
					return SideMajority
				}
			}
			return SideMinority
		case f.Kind == language.FaultCrash && f.Node == home:
			return SideCrashed
		}
	}
	if slices.ContainsFunc(faults, func(f scenarios.FaultSpan) bool { return f.Kind == language.FaultCrash }) {
		return SideOthers
	}
	return SideAll
}

// windows finds out when faults lasted. Without one all is before and during.
func (s *sample) windows(ops []measure.Operation) {
	begins := s.end
	for i := range ops {
		begins, s.works = min(begins, ops[i].Intended), max(s.works, ops[i].Intended)
	}
	s.before, s.during = measure.Window{From: begins, To: s.end}, measure.Window{From: begins, To: s.end}
	for i, f := range s.faults {
		if i == 0 {
			s.struck, s.during = true, measure.Window{From: int64(f.From), To: int64(f.To)}
		}
		s.during.From, s.during.To = min(s.during.From, int64(f.From)), max(s.during.To, int64(f.To))
	}
	if s.struck {
		s.before.To = max(begins, s.during.From-1)
	}
}

// clientSide computes what can be known of a history.
func (s *sample) clientSide(ops []measure.Operation, deadline int64) {
	s.shares = measure.Availability(ops, s.during, deadline, s.end)
	s.errors = measure.Errors(ops, s.during)
	rate := func(w measure.Window) rates {
		perSecond, known := measure.Goodput(ops, w)
		return rates{perSecond, known}
	}
	s.rates = [3]rates{rate(s.before), rate(s.during), rate(measure.Window{From: min(s.during.To+1, s.works), To: s.works})}
	s.takeLatencies(ops)
	offered := slices.DeleteFunc(slices.Clone(ops), func(op measure.Operation) bool { return op.Error == unsupported })
	s.takeTimeline(offered, deadline)
	history := make(linear.History, 0, len(ops))
	for i := range ops {
		if ops[i].Begun {
			history = append(history, ops[i].Operation)
			if ops[i].Kind == linear.Write && ops[i].Outcome == linear.OK {
				s.acked++
			}
		}
	}
	s.reads = measure.Staleness(history)
	lost, of := measure.LostReads(history)
	s.lostReads, s.ofRead = len(lost), of
	if !s.struck {
		return
	}
	stands := func(op *measure.Operation) bool {
		return op.Kind != linear.Read && op.Kind != linear.Txn && op.Side != SideMinority && op.Side != SideCrashed
	}
	if after, ok := measure.Failover(ops, s.during, stands); ok {
		s.failover = &after
	}
	if after, ok := measure.Recovery(offered, s.before, s.during, s.works, deadline); ok {
		s.recovery = &after
	}
}

func (s *sample) takeTimeline(ops []measure.Operation, deadline int64) {
	const second = int64(1e9)
	for from := int64(0); from <= s.works; from += second {
		for _, share := range measure.Availability(ops, measure.Window{From: from, To: from + second - 1}, deadline, s.end) {
			at := slices.IndexFunc(s.timeline, func(a answers) bool { return a.side == share.Side })
			if at < 0 {
				at = len(s.timeline)
				s.timeline = append(s.timeline, answers{side: share.Side, shares: make([]measure.Share, s.works/second+1)})
			}
			s.timeline[at].shares[from/second].Add(share.Share)
		}
	}
}

func (s *sample) takeLatencies(ops []measure.Operation) {
	for i := range ops {
		op, part := &ops[i], ""
		if !op.Begun || op.Outcome != linear.OK {
			continue
		}
		switch {
		case s.before.Contains(op.Intended):
			part = partBefore
		case s.during.Contains(op.Intended):
			part = partDuring
		default:
			continue
		}
		at := slices.IndexFunc(s.latencies, func(l latencies) bool {
			return l.part == part && l.side == op.Side && l.kind == op.Kind
		})
		if at < 0 {
			at = len(s.latencies)
			s.latencies = append(s.latencies, latencies{part: part, side: op.Side, kind: op.Kind})
		}
		s.latencies[at].sorted = append(s.latencies[at].sorted, op.Return-op.Intended)
	}
	for i := range s.latencies {
		slices.Sort(s.latencies[i].sorted)
	}
}

// onlooker computes what only who sees all nodes knows.
func (s *sample) onlooker(result *scenarios.Result, ops []measure.Operation, deadline int64) {
	s.inDoubt, s.cost = result.InDoubt, result.Cost
	truth := result.Truth
	if truth == nil {
		return
	}
	requests := make([]measure.Request, 0, len(truth.Requests))
	for _, r := range truth.Requests {
		if r.Refusal != unsupported {
			requests = append(requests, measure.Request{At: int64(r.At), Answered: r.Answered, Crashed: r.Crashed})
		}
	}
	s.cap = measure.GilbertLynch(requests, s.during, deadline, s.end)
	decisions := make([]measure.Decision, len(truth.Decisions))
	for i, d := range truth.Decisions {
		decisions[i] = measure.Decision{Transaction: d.Transaction, Commit: d.Commit}
	}
	s.decided, s.mixed = measure.Fates(decisions)
	s.lost, s.outrun, s.lostKnown = len(truth.Lost), len(truth.Outrun), truth.LostKnown
	holdings := make([]measure.Holding, len(truth.Holdings))
	for i, h := range truth.Holdings {
		holdings[i] = measure.Holding{At: int64(h.At), Node: h.Node, Key: h.Key, Value: h.Value, Down: h.Down}
	}
	s.staleVersions, s.of = measure.StaleByVersion(result.History, measure.Versions(holdings))
	if truth.Keepers == nil || len(holdings) == 0 {
		return
	}
	s.copies = true
	s.levels = measure.Divergence(holdings, truth.Keepers, func(string) bool { return true })
	s.diverged = measure.Most(s.levels, s.during)
	quiet := measure.Quiet(result.History, s.during.To)
	settled := measure.Divergence(holdings, truth.Keepers, func(key string) bool { return quiet[key] })
	if after, ok := measure.Convergence(settled, s.during.To); ok {
		s.convergence = &after
	}
}

func (s *sample) judge(ctx context.Context, h judged, models []Model) {
	s.verdicts = make([]judgement, len(models))
	for i := range models { // the weakest first: who breaks it breaks what implies it
		m := &models[len(models)-1-i]
		if len(h.whole) == 0 && h.isolation != nil && !m.Isolation {
			s.verdicts[len(models)-1-i] = judgement{verdict: linear.Unknown, vacuous: true, words: "transactions on lists are judged by levels of isolation"}
			continue
		}
		at := slices.IndexFunc(models, func(weaker Model) bool {
			return slices.Contains(m.Implies, weaker.Name) && s.verdicts[modelAt(models, weaker.Name)].verdict == linear.Violated
		})
		if at >= 0 && m.Name != linearizable {
			s.verdicts[len(models)-1-i] = s.verdicts[at]
			continue
		}
		s.verdicts[len(models)-1-i] = m.judge(ctx, h)
	}
}
