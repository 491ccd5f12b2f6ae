package command

import (
	"strings"

	"github.com/spf13/cobra"

	"quorumlab/scenarios"
)

// languageFlag adds the flag that says in which language a scenario tells its story.
func languageFlag(cmd *cobra.Command, lang *string) {
	cmd.Flags().StringVar(lang, "lang", scenarios.English,
		"the `language` of the narration: "+strings.Join(scenarios.Languages(), " or ")+"; what is not translated is English")
	completeFlag(cmd, "lang", scenarios.Languages)
}

// languageArgs returns what a command must have to tell its story in a language.
func languageArgs(lang string) []string {
	if lang == "" || lang == scenarios.English { // verbs without the flag have ""
		return nil
	}
	return []string{"--lang", lang}
}

// translate has a report tell its stories in a language.
func translate(report *scenarios.Report, lang string) error {
	t, err := scenarios.Translation(report.Scenario, lang)
	if err != nil {
		return err
	}
	for i := range report.Runs {
		story := report.Runs[i].Story
		for k := range story {
			if line := &story[k]; line.Kind == scenarios.Says || line.Kind == scenarios.Asks {
				line.Text, line.Answer = t.Line(line.Text), t.Line(line.Answer)
			}
		}
	}
	return nil
}
