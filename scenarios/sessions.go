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
		options := linear.SessionOptions{Initial: map[string]linear.Value{}}
		for _, key := range sortedKeys(j.x.run.Initial) {
			options.Initial[key] = linear.Some(j.x.run.Initial[key])
		}
		result, err := linear.CheckSessions(j.result.History, guarantee, options)
		if err != nil {
			panic(fmt.Sprintf("scenarios: a history that was recorded is not valid: %v", err))
		}
		j.add(j.evident(Verdict{
			Property: string(guarantee), Verdict: Judgement(result.Verdict), Witness: result.Explanation,
			Vacuous: result.Statements == 0,
		}, result.Witness))
	}
}
