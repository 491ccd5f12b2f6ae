package reports

import (
	"quorumlab/checker/linear"
	"quorumlab/reports/measure"
)

// Report is what a report says. Its JSON form is report.json.
type Report struct {
	Schema int `json:"schema"` // Version
	// Command makes it again; Code is the version of the program.
	Command string `json:"command"`
	Code    string `json:"code"`
	Seeds   Seeds  `json:"seeds"`
	// Recorded: it is of histories from elsewhere, of which nothing is known but
	// what they say.
	Recorded bool        `json:"recorded"`
	Steps    uint64      `json:"steps"`
	Runs     int         `json:"runs"`
	Models   []ModelName `json:"models"`
	Rows     []RowReport `json:"rows"`
	// Bugs are findings that cannot be: they are bugs of the lab.
	Bugs []string `json:"bugs"`
}

// Seeds are those of the runs.
type Seeds struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	N     int    `json:"n"`
}

// ModelName is a model of the ladder.
type ModelName struct {
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
	Sticky  bool   `json:"sticky_available"`
}

// RowReport is what was found of a row.
type RowReport struct {
	Contender
	// File is where its scenario is, beside the report; "" if it was recorded.
	File     string          `json:"scenario_file,omitempty"`
	Scenario string          `json:"scenario,omitempty"`
	Label    Label           `json:"pacelc"`
	GaveUp   string          `json:"gave_up"`
	Why      []string        `json:"why"` // what may surprise, and its reason
	Phases   []PhaseReport   `json:"phases"`
	Verdicts []VerdictReport `json:"verdicts"`
	// Normal is the latency by kind before any fault, in the first phase.
	Normal map[linear.Kind]Timing `json:"normal"`
	// Steady is the latency without faults, and how it grows with the delay.
	Steady []SteadyReport `json:"steady"`
	Cost   []CostReport   `json:"cost"`
	// Upkeep is messages a second on account of no request.
	Upkeep *Figure `json:"upkeep_messages_per_second"`
	// Failing are the protocol's own invariants that were violated.
	Failing []string `json:"invariants_violated"`
	// Of the runs without faults, those that are not linearizable.
	steadyRuns, steadyViolated int
}

// Label is where a row stands in PACELC (Abadi, "Consistency Tradeoffs in Modern
// Distributed Database System Design", 2012): if there is a Partition,
// Availability or Consistency; Else Latency or Consistency. It is derived from the
// figures, and says of what.
type Label struct {
	Text string `json:"text"`
	P    string `json:"partition"`
	E    string `json:"else"`
	Why  string `json:"why"`
}

// PhaseReport is what was found in one phase.
type PhaseReport struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Runs  int    `json:"runs"`
	// Struck counts the runs in which a fault took effect.
	Struck int          `json:"struck"`
	Sides  []SideReport `json:"sides"`
	CAP    Available    `json:"cap_availability"`
	// Goodput is answers a second before, during and after the fault.
	Goodput  [3]*Figure           `json:"goodput_per_second"`
	Errors   []measure.ErrorCount `json:"errors"`
	Failover *Figure              `json:"failover"`
	Recovery *Figure              `json:"recovery"`
	Stale    StaleReport          `json:"staleness"`
	Copies   *CopiesReport        `json:"copies"`
	Lost     LostReport           `json:"lost_updates"`
	InDoubt  *InDoubtReport       `json:"in_doubt"`
	Decided  int                  `json:"transactions_decided"`
	Mixed    int                  `json:"transactions_mixed"`
	Verdicts []linear.Verdict     `json:"verdicts"` // of the models, in their order
}

// SideReport is what was answered on one side while the fault lasted.
type SideReport struct {
	Side  string       `json:"side"`
	All   Available    `json:"all"`
	Kinds []KindReport `json:"kinds"`
}

// KindReport is likewise of one kind of operation.
type KindReport struct {
	Kind      linear.Kind `json:"kind"`
	Available Available   `json:"available"`
	Latency   Timing      `json:"latency"`
	// Offered is false if the protocol refuses this kind always.
	Offered bool `json:"offered"`
}

// StaleReport is how old answers were.
type StaleReport struct {
	Reads int `json:"reads"`
	Stale int `json:"stale"`
	KMax  int `json:"k_max"`
	// AgeP50, AgeP99 and AgeMax are of the stale ones, in milliseconds.
	AgeP50 *float64 `json:"t_p50_ms"`
	AgeP99 *float64 `json:"t_p99_ms"`
	AgeMax *float64 `json:"t_max_ms"`
	// Percent is the share of stale reads of the runs.
	Percent *Figure `json:"percent"`
	// ByVersion counts the stale reads by the order in which an onlooker saw the
	// versions, of so many whose version was seen.
	ByVersion   int `json:"stale_by_version"`
	ByVersionOf int `json:"reads_by_version"`
	// Visible is the chance that a read which starts some time after an
	// acknowledgement sees what was acknowledged.
	Visible []VisibleReport `json:"t_visibility"`
}

// VisibleReport is of the reads that started in a span of time after.
type VisibleReport struct {
	FromMillis float64 `json:"from_ms"`
	ToMillis   float64 `json:"to_ms"`
	Reads      int     `json:"reads"`
	Seen       int     `json:"seen"`
}

// CopiesReport is how far apart the copies of keys were.
type CopiesReport struct {
	Diverged    *Figure `json:"divergence"`
	Convergence *Figure `json:"convergence"`
}

// LostReport counts acknowledged writes that are gone.
type LostReport struct {
	Acknowledged int `json:"acknowledged"`
	Lost         int `json:"lost"`
	// Outrun lost to a write that was concurrent.
	Outrun int `json:"outrun"`
	// Runs are those in which somebody could tell: all nodes were looked into.
	Runs int `json:"runs"`
	// ByReads is what the clients' last reads tell: lost of so many.
	ByReads   int `json:"lost_by_reads"`
	ByReadsOf int `json:"told_by_reads"`
}

// InDoubtReport is what being in doubt cost.
type InDoubtReport struct {
	Branches    *Figure `json:"branches"`
	Longest     *Figure `json:"longest"`
	LockSeconds *Figure `json:"lock_seconds"`
	Bystanders  *Figure `json:"bystanders"`
	Open        int     `json:"open_at_the_end"`
}

// VerdictReport is the verdict on one model over all runs.
type VerdictReport struct {
	Model   string         `json:"model"`
	Verdict linear.Verdict `json:"verdict"`
	// Runs counts those judged, Violated and Unknown those of them; Tested is
	// how many statements, or operations, could have violated it.
	Runs     int `json:"runs"`
	Violated int `json:"violated"`
	Unknown  int `json:"unknown"`
	Tested   int `json:"tested"`
	// Witness is nil unless it is violated.
	Witness *Witness `json:"witness"`
	// Why says why it is not known.
	Why string `json:"why,omitempty"`
}

// Witness is the smallest evidence that was found.
type Witness struct {
	Phase      string         `json:"phase"`
	Seed       uint64         `json:"seed"`
	Words      string         `json:"words"`
	Operations []int          `json:"operations"` // IDs in the run's history
	Key        string         `json:"key,omitempty"`
	Step       uint64         `json:"step,omitempty"`
	Trace      string         `json:"trace,omitempty"`   // file, beside the report
	Page       string         `json:"page,omitempty"`    // porcupine's
	Command    string         `json:"command,omitempty"` // that opens there
	history    linear.History // of the operations
	diagram    string         // SVG
}

// SteadyReport is the latency of a kind of operation without faults.
type SteadyReport struct {
	Kind   linear.Kind   `json:"kind"`
	Delays []DelayReport `json:"delays"`
	// Slope is by how much the median grows with the one-way delay, in
	// milliseconds a millisecond: message delays an operation.
	Slope *Figure `json:"slope"`
}

// DelayReport is of one delay.
type DelayReport struct {
	Millis  int    `json:"one_way_ms"`
	Latency Timing `json:"latency"`
}

// CostReport is what one operation of a kind costs, without faults.
type CostReport struct {
	Kind     string  `json:"kind"`
	Answered int64   `json:"answered"`
	Messages *Figure `json:"messages"`
	Bytes    *Figure `json:"bytes"`
	Forces   *Figure `json:"forced_writes"`
	Delays   *Figure `json:"message_delays"`
}
