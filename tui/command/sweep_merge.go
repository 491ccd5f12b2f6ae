package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"quorumlab/scenarios"
)

// newMerge makes `sweep merge`: the reports of the shards of one sweep become
// one. All shards must be there, each once and complete.
func newMerge(l *lab) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "merge FILE...",
		Short: "Join what the shards of a sweep printed with --json",
		Long: "Merge joins the reports of the shards of one sweep. They must be of the same scenarios,\n" +
			"seeds, mode and mutant; every shard must be there, once, and complete.\n\n" + exitCodes,
		Example: "  quorumlab sweep zab-partition --seeds 1..100 --shard 1/2 --json > 1.json\n" +
			"  quorumlab sweep zab-partition --seeds 1..100 --shard 2/2 --json > 2.json\n" +
			"  quorumlab sweep merge 1.json 2.json",
		Args: atLeast(1, "the files that the shards printed"),
		RunE: func(_ *cobra.Command, args []string) error { return l.merge(args, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func (l *lab) merge(names []string, asJSON bool) error {
	var shards []*scenarios.SweepReport
	for _, name := range names {
		file, err := openFile(name)
		if err != nil {
			return err
		}
		shard, err := readShard(file)
		file.Close()
		if err != nil {
			return inFile(name, err)
		}
		shards = append(shards, shard)
	}
	report, err := scenarios.Merge(shards)
	if err != nil {
		return usage("the files are numbered in the order given", "%w", err)
	}
	if asJSON {
		if err := l.json(report); err != nil {
			return err
		}
		return finished(sweepCode(report, false))
	}
	l.printSweep(report, nil)
	if len(report.Failed) > 0 {
		fmt.Fprintln(l.out, reproduce(&report.Failed[0], nil, sweepFlags{}))
	}
	return finished(sweepCode(report, false))
}

// shardBytesMax bounds the file of one shard.
const shardBytesMax = 64 << 20

// readShard reads a report, and nothing that is not one.
func readShard(r io.Reader) (*scenarios.SweepReport, error) {
	decoder := json.NewDecoder(io.LimitReader(r, shardBytesMax))
	decoder.DisallowUnknownFields()
	var report scenarios.SweepReport
	if err := decoder.Decode(&report); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return nil, usage("merge takes what sweep --json printed", "at byte %d: %w", decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, usage("give each shard a file of its own", "at byte %d: found more than one object", decoder.InputOffset())
	}
	switch {
	case report.Schema != scenarios.ReportVersion:
		return nil, usage("merge takes what sweep --json of this version printed", "found schema %d, expected %d", report.Schema, scenarios.ReportVersion)
	case report.Shard.Of < 1 || report.Shard.Of > shardsMax:
		return nil, usage("", "found a shard of %d, expected 1 to %d", report.Shard.Of, shardsMax)
	}
	return &report, nil
}
