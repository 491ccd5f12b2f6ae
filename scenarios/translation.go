package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"quorumlab/protocols/hint"
	"quorumlab/scenarios/language"
)

//go:embed library/zh/*.yaml
var translations embed.FS

// English is the language of the scenarios themselves.
const English = "en"

// Languages lists those in which lessons tell their story.
func Languages() []string { return []string{English, "zh"} }

// CheckLanguage returns an error that proposes another if there is none of a name.
func CheckLanguage(name string) error {
	if !slices.Contains(Languages(), name) {
		return fmt.Errorf("no language %q; %s", name, hint.For(name, Languages()))
	}
	return nil
}

// Translation returns the narration of a scenario, by its name, in a language. It has
// nothing of a scenario that nobody has translated.
func Translation(scenario, to string) (language.Translation, error) {
	if err := CheckLanguage(to); err != nil || to == English {
		return nil, err
	}
	file := "library/" + to + "/" + scenario + ".yaml"
	data, err := translations.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid): // a name that is no name of a file, too
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("scenarios: %w", err)
	}
	return language.ParseTranslation(file, data)
}

// Translate returns a scenario that tells its story in a language; what nobody has
// translated stays as it is.
func Translate(s *language.Scenario, to string) (*language.Scenario, error) {
	t, err := Translation(s.Name, to)
	if err != nil {
		return nil, err
	}
	return t.Tell(s), nil
}
