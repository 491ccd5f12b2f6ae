package reports

import (
	"encoding/xml"
	"fmt"
	"io"

	"quorumlab/checker/linear"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes junit.xml: a suite a row, a case a verdict and an invariant that is
// violated, and one for the bugs of the lab. What is unknown counts as skipped.
func (r *Report) JUnit(w io.Writer) error {
	all := junitSuites{Name: "quorumlab report"}
	for i := range r.Rows {
		row := &r.Rows[i]
		suite := junitSuite{Name: row.ID}
		for v := range row.Verdicts {
			suite.add(verdictCase(row, &row.Verdicts[v]))
		}
		for _, name := range row.Failing {
			suite.add(junitCase{Class: row.ID, Name: "invariant " + name, Failure: &junitMessage{Message: "violated"}})
		}
		all.add(suite)
	}
	lab := junitSuite{Name: "the lab itself"}
	c := junitCase{Class: "lab", Name: "nothing that cannot be"}
	if len(r.Bugs) > 0 {
		c.Failure = &junitMessage{Message: fmt.Sprintf("%d bugs", len(r.Bugs)), Text: ranged(r.Bugs, "")}
	}
	lab.add(c)
	all.add(lab)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func verdictCase(row *RowReport, v *VerdictReport) junitCase {
	c := junitCase{Class: row.ID, Name: v.Model}
	switch v.Verdict {
	case linear.Violated:
		c.Failure = &junitMessage{Message: v.words(), Text: v.Witness.Words + "\n" + v.Witness.Command}
	case linear.Unknown:
		c.Skipped = &junitMessage{Message: v.words(), Text: v.Why}
	}
	return c
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Skipped != nil {
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func (s *junitSuites) add(suite junitSuite) {
	s.Tests, s.Failures, s.Skipped = s.Tests+suite.Tests, s.Failures+suite.Failures, s.Skipped+suite.Skipped
	s.Suites = append(s.Suites, suite)
}
