package scenarios

import (
	"context"

	"quorumlab/checker"
	"quorumlab/checker/linear"
)

// Properties describes what a scenario may expect beside the invariants of its
// protocol. They are about a whole run, and judged at its end.
func Properties() []checker.Description {
	return append(append(guarantees(), levels()...), []checker.Description{
		{
			Name:     Linearizable,
			Sentence: "What clients saw is what one copy of the data would have shown, each operation taking effect between its start and its end.",
			Source:   "Herlihy, Wing: Linearizability: A correctness condition for concurrent objects, TOPLAS 1990",
		},
		{
			Name:     Sequential,
			Sentence: "All operations can be put in one order that keeps that of each session and shows each what it saw; when they happened does not count.",
			Source:   "Lamport: How to make a multiprocessor computer that correctly executes multiprocess programs, IEEE Transactions on Computers, 1979",
		},
		{
			Name:     Causal,
			Sentence: "What an operation may depend on, in its session or by what it read, comes before it for every session; what does not depend on each other may differ.",
			Source:   "Ahamad et al.: Causal memory: definitions, implementation, and programming, 1995",
		},
		{
			Name:     Eventual,
			Sentence: "Once the faults are over and nothing is written any more, and after some time, all clients read the same, and something that was written.",
			Source:   "Vogels: Eventually consistent, 2009",
		},
		{
			Name:     Convergence,
			Sentence: "At the end of the run, when it is quiet, all nodes that are up and not cut off hold the same of what they keep.",
			Source:   "Terry et al.: Managing update conflicts in Bayou, SOSP 1995; Vogels: Eventually consistent, 2008",
		},
		{
			Name:     Termination,
			Sentence: "Once the last fault is over, and if a majority is whole, some operation succeeds within the bound that the scenario gives.",
			Source:   "without a bound and a majority nobody can have it: Fischer, Lynch, Paterson: Impossibility of distributed consensus with one faulty process, JACM 1985",
		},
		{
			Name:     NoFailure,
			Sentence: "No node panics, and each is deterministic.",
			Source:   "this project: the code that was checked is the code that runs",
		},
	}...)
}

// sequential judges whether what the clients saw is sequentially consistent.
func (j *judgement) sequential(ctx context.Context) {
	result, err := linear.CheckSequential(ctx, j.single, j.initial(), linear.Options{Steps: linearSteps})
	valid(err)
	j.add(j.evident(Verdict{Property: Sequential, Verdict: Judgement(result.Verdict), Witness: result.Explanation}, result.Witness))
}

// causal judges whether what the clients saw is causal memory.
func (j *judgement) causal() {
	result, err := linear.CheckCausal(j.single, linear.SessionOptions{Initial: j.initial()})
	valid(err)
	j.add(j.evident(Verdict{
		Property: Causal, Verdict: Judgement(result.Verdict), Witness: result.Explanation, Vacuous: result.Statements == 0,
	}, result.Witness))
}

// eventual judges whether all clients saw the same once the faults were over and
// nothing was written any more, for as long as makes it quiet.
func (j *judgement) eventual() {
	result, err := linear.CheckEventual(j.single, linear.EventualOptions{
		Initial: j.initial(), Quiet: int64(j.x.phases.settled()), Settle: int64(quietFor * j.x.run.Deadline),
	})
	valid(err)
	j.add(j.evident(Verdict{
		Property: Eventual, Verdict: Judgement(result.Verdict), Witness: result.Explanation, Vacuous: result.Reads == 0,
	}, result.Witness))
}
