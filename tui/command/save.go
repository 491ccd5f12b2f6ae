package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"quorumlab/scenarios"
)

// saveRoot is the folder below which --save puts results.
const saveRoot = "runs"

// saved makes the folder runs/SCENARIO/TIME-seedN for what --save keeps, and
// has the flags name the files in it that they do not name already.
func saved(scenario string, flags *runFlags) (folder string, err error) {
	stamp := fmt.Sprintf("%s-seed%d", time.Now().UTC().Format("20060102T150405.000Z"), flags.seed)
	folder = filepath.Join(saveRoot, scenario, stamp)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", fileError(folder, err)
	}
	if flags.trace == "" {
		flags.trace = filepath.Join(folder, "run"+traceExtension)
	}
	if flags.history == "" {
		flags.history = filepath.Join(folder, "history.jsonl")
	}
	return folder, nil
}

// saveReport writes the report beside the trace and the history, and has the
// link `latest` name the folder.
func saveReport(folder string, report *scenarios.Report) error {
	err := create(filepath.Join(folder, "report.json"), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	})
	if err != nil {
		return err
	}
	link := filepath.Join(filepath.Dir(folder), "latest")
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError(link, err)
	}
	if err := os.Symlink(filepath.Base(folder), link); err != nil {
		return fileError(link, err)
	}
	return nil
}
