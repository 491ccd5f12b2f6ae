package scenarios

import (
	"fmt"

	"quorumlab/checker"
	"quorumlab/checker/linear"
)

// guarantees describes the session guarantees.
func guarantees() []checker.Description {
	const source = "Terry et al.: Session guarantees for weakly consistent replicated data, PDIS 1994"
	return []checker.Description{
		{
			Name:     string(linear.ReadYourWrites),
			Sentence: "What a session reads is not older than what it wrote before.",
			Source:   source,
		},
		{
			Name:     string(linear.MonotonicReads),
			Sentence: "What a session reads is not older than what it read before.",
			Source:   source,
		},
		{
			Name:     string(linear.MonotonicWrites),
			Sentence: "Who has seen a session's write has seen the session's writes before it.",
			Source:   source,
		},
		{
			Name:     string(linear.WritesFollowReads),
			Sentence: "Who has seen a session's write has seen what the session had read before it.",
			Source:   source,
		},
	}
}

// sessions judges the session guarantees that the scenario asks for.
func (j *judgement) sessions() {
	for _, guarantee := range linear.Guarantees() {
		if !j.asked(string(guarantee)) {
			continue
		}
		result, err := linear.CheckSessions(j.single, guarantee, linear.SessionOptions{Initial: j.initial()})
		valid(err)
		j.add(j.evident(Verdict{
			Property: string(guarantee), Verdict: Judgement(result.Verdict), Witness: result.Explanation,
			Vacuous: result.Statements == 0,
		}, result.Witness))
	}
}

// initial returns the values of keys before the run.
func (j *judgement) initial() map[string]linear.Value {
	initial := map[string]linear.Value{}
	for key, value := range j.x.run.Initial {
		initial[key] = linear.Some(value)
	}
	return initial
}

// valid panics if a history is not: it was recorded here.
func valid(err error) {
	if err != nil {
		panic(fmt.Sprintf("scenarios: a history that was recorded is not valid: %v", err))
	}
}
