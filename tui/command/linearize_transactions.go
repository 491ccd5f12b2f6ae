package command

import (
	"fmt"
	"io"
	"time"

	"quorumlab/checker/linear"
)

// judgedLevel is the verdict on one isolation level.
type judgedLevel struct {
	Level   string `json:"level"`
	Verdict string `json:"verdict"`
	// Anomaly is the worst that the level forbids and that was found; Witness
	// holds the ids of the transactions that prove it.
	Anomaly     string `json:"anomaly,omitempty"`
	Witness     []int  `json:"witness,omitempty"`
	Explanation string `json:"explanation,omitempty"`
}

func levelNames() []string {
	var names []string
	for _, level := range linear.Levels() {
		names = append(names, level.Name)
	}
	return names
}

// strictest is the level that forbids most.
func strictest() string {
	names := levelNames()
	return names[len(names)-1]
}

// judgeTransactions reads a history of transactions on lists and judges it.
func judgeTransactions(name string, file io.Reader, flags linearizeFlags) (judgedFile, error) {
	judged := judgedFile{File: name, Unused: []linear.Unused{}, Witness: []int{}, Undecided: []string{}}
	txns, report, err := linear.DecodeTransactions(file)
	if err != nil {
		return judged, inFile(name, err)
	}
	judged.read(report)
	keys := map[string]bool{}
	for i := range txns {
		judged.Operations += len(txns[i].Ops)
		for _, op := range txns[i].Ops {
			keys[op.Key] = true
		}
	}
	judged.Keys = len(keys)
	started := time.Now()
	result, err := linear.CheckTransactions(txns, report.Clock)
	judged.Seconds = time.Since(started).Seconds()
	if err != nil {
		return judged, inFile(name, err)
	}
	for _, level := range linear.Levels() {
		at := judgedLevel{Level: level.Name, Verdict: string(linear.Holds)}
		if found := result.Of(level); found != nil {
			at.Verdict, at.Anomaly, at.Explanation = string(linear.Violated), string(found.Anomaly), found.Explanation
			for i := range found.Witness {
				at.Witness = append(at.Witness, found.Witness[i].ID)
			}
		}
		judged.Levels = append(judged.Levels, at)
		if level.Name == flags.level {
			judged.Verdict, judged.Explanation = at.Verdict, at.Explanation
			judged.Witness = append(judged.Witness, at.Witness...)
		}
	}
	return judged, nil
}

// printLevels shows how far the transactions are isolated.
func (l *lab) printLevels(j *judgedFile) {
	fmt.Fprintf(l.out, "    %s on %s, format %s, judged in %.3f s\n",
		plural(j.Operations, "operation"), plural(j.Keys, "list"), j.Format, j.Seconds)
	for _, level := range j.Levels {
		because := ""
		if level.Anomaly != "" {
			because = " (" + level.Anomaly + ")"
		}
		fmt.Fprintf(l.out, "    %s: %s%s\n", l.paint.judged(level.Verdict, level.Verdict), level.Level, because)
	}
}
