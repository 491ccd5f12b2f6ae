package command

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"quorumlab/checker/explore"
	"quorumlab/protocols/hint"
)

// The ways of partial-order reduction.
const (
	porBoth       = "both"
	porPersistent = "persistent"
	porSleep      = "sleep"
)

func porWays() []string { return []string{porBoth, porPersistent, porSleep} }

// together checks which flags go together, and their bounds.
func (f *checkFlags) together() error {
	walks := f.scheduler != ""
	switch {
	case f.workers < 1 || f.workers > jobsMax:
		return usage("", "--workers %d: expected a number from 1 to %d", f.workers, jobsMax)
	case f.por != "" && !slices.Contains(porWays(), f.por):
		return usage("it is given as --por or --por=WAY", "--por=%s: %s", f.por, hint.For(f.por, porWays()))
	case f.dfs && (f.audit || walks):
		return usage("", "--dfs goes with neither --audit nor --walk")
	case f.por != "" && (f.dfs || walks):
		return usage("", "--por goes with neither --dfs nor --walk")
	case (f.checkpoint != "" || f.resume != "") && (f.dfs || walks || f.audit):
		return usage("", "--checkpoint and --continue go with neither --dfs nor --walk nor --audit")
	case f.every <= 0:
		return usage("", "--every %s: expected a time greater than 0, as 60s", f.every)
	case walks && !slices.Contains(explore.Schedulers(), f.scheduler):
		return usage("", "--walk %s: %s", f.scheduler, hint.For(f.scheduler, explore.Schedulers()))
	case f.walk.Walks < 1 || f.walk.StepsMax < 1 || f.walk.Depth < 1:
		return usage("", "--walks, --walk-steps and --walk-depth are numbers from 1 on")
	case f.depthMax < 0:
		return usage("", "--max-depth %d: expected a number of levels, or 0", f.depthMax)
	}
	return nil
}

// parameters tells the values of all parameters.
func (c *checking) parameters() string { return settings(c.values) }

// settings tells the values of parameters. Those that are nothing are left out.
func settings(values map[string]string) string {
	var set []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] != "" {
			set = append(set, name+"="+values[name])
		}
	}
	return strings.Join(set, ", ")
}

// checkpointing says how the search is kept.
func (c *checking) checkpointing() *explore.Checkpointing {
	last := time.Now()
	subject := c.name + ": " + c.parameters()
	if c.flags.mutant != "" {
		subject += "; mutant " + c.flags.mutant
	}
	return &explore.Checkpointing{
		Subject: subject,
		Due: func() bool {
			due := c.flags.checkpoint != "" && time.Since(last) >= c.flags.every
			if due {
				last = time.Now()
			}
			return due
		},
		Write: func(write func(io.Writer) error) error {
			if c.flags.checkpoint == "" {
				return nil
			}
			return replace(c.flags.checkpoint, write)
		},
	}
}

// replace writes a file as a whole: until it is complete and on the disk, what was
// there before stays.
func replace(name string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fileError(name, err)
	}
	defer os.Remove(file.Name()) // unless it has the name by then
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// goOn continues a search that was kept.
func (c *checking) goOn(ctx context.Context, options explore.Options) (*explore.Result, error) {
	file, err := os.Open(c.flags.resume)
	if err != nil {
		return nil, fileError(c.flags.resume, err)
	}
	defer file.Close()
	result, err := explore.Continue(ctx, c.model, options, file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.flags.resume, err)
	}
	return result, nil
}
