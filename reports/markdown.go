package reports

import (
	"fmt"
	"io"
	"strings"
)

// Markdown writes report.md. plots are the files of the plots, beside it.
func (r *Report) Markdown(w io.Writer, plots []Plot) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", r.title(), r.subtitle())
	for _, bug := range r.Bugs {
		fmt.Fprintf(&b, "> **✗ Bug of the lab:** %s.\n\n", bug)
	}
	markdownTable(&b, r.headline(), 2)
	b.WriteString("\n## In one sentence\n\n")
	for i := range r.Rows {
		row := &r.Rows[i]
		fmt.Fprintf(&b, "- **%s** (%s): %s\n", row.Title, row.Label.Text, row.GaveUp)
	}
	b.WriteString("\n## What may surprise, and why\n\n")
	for i := range r.Rows {
		row := &r.Rows[i]
		fmt.Fprintf(&b, "**%s.** %s", row.Title, row.About)
		fmt.Fprintf(&b, "\n\n- %s: %s.\n", row.Label.Text, row.Label.Why)
		for _, why := range row.Why {
			fmt.Fprintf(&b, "- %s\n", why)
		}
		b.WriteString("\n")
	}
	if len(plots) > 0 {
		b.WriteString("## Plots\n\n")
		for _, p := range plots {
			fmt.Fprintf(&b, "### %s\n\n%s\n\n![%s](%s)\n\n", p.Title, p.Note, p.Title, p.File)
		}
	}
	r.ladderMarkdown(&b)
	b.WriteString("## Phase by phase\n\n")
	for _, t := range r.tables() {
		markdownTable(&b, t, 3)
		b.WriteString("\n")
	}
	r.colophon(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) title() string {
	if r.Recorded {
		return "What recorded histories show"
	}
	return "What each gives up under the same faults"
}

func (r *Report) subtitle() string {
	if r.Recorded {
		return "Histories from elsewhere. What only an onlooker would know (copies, faults, costs) is not known here."
	}
	return fmt.Sprintf("%d runs with the seeds %d to %d, %d of each phase. A figure is the median of the runs with its quartiles in brackets, where nothing else is said; %s stands where there is none.",
		r.Runs, r.Seeds.First, r.Seeds.Last, r.Seeds.N, none)
}

var markdownCell = strings.NewReplacer("|", `\|`, "\n", "<br>")

func markdownTable(b *strings.Builder, t Table, level int) {
	fmt.Fprintf(b, "%s %s\n\n%s\n\n", strings.Repeat("#", level), t.Title, t.Note)
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + markdownCell.Replace(c) + " ")
		}
		b.WriteString("|\n")
	}
	line(t.Columns)
	b.WriteString(strings.Repeat("|---", len(t.Columns)) + "|\n")
	for _, row := range t.Rows {
		line(row)
	}
}

// ladder is the table of verdicts.
func (r *Report) ladder() Table {
	t := Table{
		Title:   "The ladder of verdicts",
		Note:    "Of all runs together, the strongest model first. ✓ says that none of the runs violates it, which is no proof (chances: operations, or statements that could have been untrue); ✗ has a witness below. Weaker models are judged on all keys but those of transfers.",
		Columns: []string{"protocol"}, Wide: true,
	}
	for _, m := range r.Models {
		t.Columns = append(t.Columns, m.Name)
	}
	for i := range r.Rows {
		cells := []string{r.Rows[i].Title}
		for v := range r.Rows[i].Verdicts {
			verdict := &r.Rows[i].Verdicts[v]
			cells = append(cells, glyphOf(verdict.Verdict)+" "+verdict.words())
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

func (r *Report) ladderMarkdown(b *strings.Builder) {
	markdownTable(b, r.ladder(), 2)
	b.WriteString("\n")
	for _, m := range r.Models {
		fmt.Fprintf(b, "- *%s*: %s\n", m.Name, m.Meaning)
	}
	b.WriteString("\n### Witnesses\n\n")
	for i := range r.Rows {
		for _, v := range r.Rows[i].Verdicts {
			w := v.Witness
			if w == nil {
				continue
			}
			fmt.Fprintf(b, "**%s is not %s** (phase %s, seed %d, %d operations): %s.\n", r.Rows[i].Title, v.Model, w.Phase, w.Seed, len(w.Operations), w.Words)
			if w.Command != "" {
				fmt.Fprintf(b, "\n```\n%s\n```\n", w.Command)
			}
			if w.Page != "" {
				fmt.Fprintf(b, "\n[porcupine's page of key %s](%s)\n", w.Key, w.Page)
			}
			b.WriteString("\n")
		}
	}
}

func (r *Report) colophon(b *strings.Builder) {
	b.WriteString("## How to make it again\n\n```\n" + r.Command + "\n```\n\n")
	fmt.Fprintf(b, "Version of the program: %s. ", r.Code)
	if !r.Recorded {
		fmt.Fprintf(b, "%d steps were simulated. The same seeds give the same bytes. `quorumlab step …` lines are to be given in this folder.\n\n", r.Steps)
		b.WriteString("| row | protocol | parameters | struck | scenario |\n|---|---|---|---|---|\n")
		for i := range r.Rows {
			row := &r.Rows[i]
			fmt.Fprintf(b, "| %s | %s | %s | %s | [%s](%s) |\n", row.Title, row.Protocol, row.Parameters, row.Struck, row.File, row.File)
		}
	}
	b.WriteString("\n\n## Limits\n\n")
	for _, limit := range r.limits() {
		b.WriteString("- " + limit + "\n")
	}
}

// limits says what the report cannot show.
func (r *Report) limits() []string {
	tested := 0
	for i := range r.Rows {
		tested += r.Rows[i].Verdicts[0].Tested
	}
	limits := []string{
		fmt.Sprintf("No violation found in %d operations is no proof that there is none: a ✓ says what was looked at. For proofs within bounds there is `quorumlab check`.", tested),
		fmt.Sprintf("A search that is not over after %d steps (linearizable) or %d (sequential) gives up, and the verdict is unknown.", linearSteps, sequentialSteps),
	}
	if !r.Recorded {
		limits = append(limits,
			"Times are virtual: what nodes compute takes none, disks take what the scenario says. They compare protocols with each other, not with machines.",
			"A client asks the node beside it and no other; one that could go elsewhere would see less of the cut.",
			"Quartiles tell of the spread over seeds, not of what other workloads or faults would give.")
	}
	return limits
}
