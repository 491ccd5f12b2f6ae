package architecture

import "slices"

// House returns the law of this project. The table is the map of the house: an
// arrow that is not in it is a wrong boundary or a wrong table, and the commit
// that changes the table says which.
func House() Law {
	return Law{
		Root: []string{
			"main.go", "go.mod", "go.sum", "LICENSE", "README.md",
			"protocols", "network", "sim", "checker", "scenarios", "reports", "tui",
		},
		Rows: slices.Concat(
			protocolRows(), worldRows(), checkerRows(), outerRows(),
		),
		Standard:          standardPackages(),
		Banned:            bans(),
		FileLines:         500,
		FunctionLines:     70,
		TestFunctionLines: 120,
		MainLines:         5,
	}
}

// protocolRows lists the contract, what nodes are made of, and the protocols.
func protocolRows() []Row {
	rows := []Row{
		{Folder: "protocols", Pure: true},
		{Folder: "protocols/hint", Pure: true},
		{
			Folder: "protocols/state", Pure: true, Reflection: true,
			Module: []string{"protocols"},
			// It remembers, under a lock, what it has learnt of a type.
			Standard: []string{"sync"},
		},
		{
			Folder: "protocols/state/statetest", Pure: true, TestOnly: true, Reflection: true,
			Module:   []string{"protocols", "protocols/state"},
			Outside:  []string{"pgregory.net/rapid"},
			Standard: []string{"testing"},
		},
		{
			Folder: "protocols/machine", Pure: true,
			Module: []string{"protocols", "protocols/state"},
		},
		{
			// What commit protocols commit: a store with locks, undo and redo.
			Folder: "protocols/resource", Pure: true,
			Module: []string{"protocols", "protocols/state", "protocols/machine"},
		},
		{
			// What commit protocols have in common beside that: the errands of
			// clients, shares in transactions, what waits for the disk.
			Folder: "protocols/commitment", Pure: true,
			Module: []string{"protocols", "protocols/state", "protocols/machine", "protocols/resource"},
		},
		{Folder: "protocols/catalog", Pure: true, Module: []string{"protocols/..."}},
		{
			Folder: "protocols/zookeeper", Pure: true,
			Module: []string{
				"protocols", "protocols/state", "protocols/machine", "protocols/zab",
				"protocols/zookeeper/tree", "protocols/zookeeper/jute",
			},
		},
		{
			Folder: "protocols/zookeeper/tree", Pure: true,
			Module: []string{"protocols", "protocols/state"},
		},
		{Folder: "protocols/zookeeper/jute", Pure: true},
	}
	replicated := []string{"protocols", "protocols/state", "protocols/machine"}
	for _, name := range []string{"primarybackup", "quorumstore", "paxos", "zab"} {
		rows = append(rows, Row{Folder: "protocols/" + name, Pure: true, Module: replicated})
	}
	for _, name := range []string{"twopc", "threepc", "paxoscommit"} {
		rows = append(rows, Row{
			Folder: "protocols/" + name, Pure: true, Module: append(slices.Clone(replicated), "protocols/resource", "protocols/commitment"),
		})
	}
	return rows
}

// worldRows lists the links, the simulated world and the real drivers.
func worldRows() []Row {
	return []Row{
		{Folder: "network", Pure: true, Module: []string{"protocols"}},
		// Messages and records are bytes by the codec for plain data; frames
		// and checksums are those of the virtual links.
		{
			Folder: "network/tcp", Module: []string{"protocols", "protocols/state", "network"},
			// The clock that goes on while the machine sleeps.
			Outside: []string{"golang.org/x/sys/unix"},
		},
		{
			// What clients and operators see of a real node. It knows the one state
			// machine that is served, and no protocol. Frames are those of the links.
			Folder:  "network/tcp/door",
			Module:  []string{"protocols", "protocols/machine", "network", "network/tcp"},
			Outside: []string{"github.com/prometheus/client_golang"},
		},
		{
			// Nodes as processes: their configuration, and who starts and strikes them.
			Folder:  "network/tcp/cluster",
			Module:  []string{"protocols", "protocols/hint", "network/tcp", "network/tcp/proxy"},
			Outside: []string{"github.com/goccy/go-yaml"},
		},
		// The faults between real nodes: bytes, whatever they mean.
		{Folder: "network/tcp/proxy", Module: []string{"protocols"}},
		// Load on a service, and what it comes to: it knows no service.
		{Folder: "network/tcp/load"},
		{
			// Records are bytes by the codec for plain data. What a driver asks of
			// a disk it need not know: it is the driver that is given one.
			Folder: "network/durable", Module: []string{"protocols", "protocols/state"},
			Outside: []string{"github.com/cockroachdb/pebble/v2", "github.com/cockroachdb/pebble/v2/vfs"},
		},
		{
			Folder: "sim", Pure: true,
			Module: []string{"protocols", "protocols/state", "network"},
		},
		{
			// It plays the protocols' stories in their tests.
			Folder: "sim/story", TestOnly: true,
			Module: []string{
				"protocols", "protocols/hint", "protocols/state", "protocols/machine", "network", "sim",
			},
			Outside:  []string{"golang.org/x/tools/txtar"},
			Standard: []string{"testing"},
		},
		{
			Folder: "sim/trace", Pure: true,
			Module:  []string{"protocols", "protocols/state", "network", "sim"},
			Outside: []string{"github.com/cespare/xxhash/v2"},
		},
	}
}

// checkerRows lists the judges.
func checkerRows() []Row {
	below := []string{
		"protocols", "protocols/hint", "protocols/state", "network", "sim", "sim/trace", "checker/...",
	}
	return []Row{
		{Folder: "checker", Pure: true, Module: below},
		{Folder: "checker/architecture", Outside: []string{"golang.org/x/tools/go/packages"}},
		// The explorer works on all cores.
		{Folder: "checker/explore", Module: below},
		// Models whose counts are known from other checkers: they know the
		// explorer and nothing of ours.
		{
			Folder: "checker/explore/reference", Module: []string{"checker/explore"},
			Standard: []string{"sync", "sync/atomic", "unsafe"},
		},
		// Real nodes as models: it looks at what they do, by the simulator's
		// own network and disks.
		{
			Folder: "checker/explore/world",
			Module: []string{
				"protocols", "protocols/state", "network", "sim", "checker/linear", "checker/explore",
			},
		},
		{
			Folder: "checker/linear", Pure: true, Module: below,
			Outside: []string{"github.com/anishathalye/porcupine"},
		},
		{Folder: "checker/cost", Pure: true, Module: below},
		{
			// It maps the real Zab to the published specification: its messages and
			// its disk to that one's.
			Folder: "checker/refine", Pure: true, Module: append(slices.Clone(below), "protocols/zab"),
		},
		{Folder: "checker/shrink", Pure: true, Module: below},
		{
			// A mutant may reach into the state of the node that it wraps.
			Folder: "checker/mutants", Pure: true, Module: append(slices.Clone(below), "protocols/commitment", "protocols/paxos", "protocols/paxoscommit", "protocols/resource", "protocols/quorumstore", "protocols/threepc", "protocols/twopc", "protocols/zab"),
		},
	}
}

// outerRows lists what meets files, terminals and people.
func outerRows() []Row {
	shown := []string{"sim/trace", "checker/...", "scenarios", "scenarios/language"}
	return []Row{
		{Folder: ".", Module: []string{"tui/command"}},
		{
			Folder: "scenarios",
			Module: []string{
				"protocols", "protocols/hint", "protocols/machine", "protocols/state", "protocols/catalog",
				"network", "sim", "sim/trace", "checker/...", "scenarios/language",
			},
		},
		{
			Folder:  "scenarios/language",
			Module:  []string{"protocols", "protocols/hint", "network"},
			Outside: []string{"github.com/goccy/go-yaml"},
		},
		{
			// It runs scenarios in the tests of protocols and judges, and worlds that
			// no scenario can ask for.
			Folder: "scenarios/labtest", TestOnly: true,
			Module: []string{
				"protocols", "protocols/catalog", "protocols/machine", "protocols/state", "network", "sim",
				"sim/trace", "checker/...", "scenarios", "scenarios/language",
			},
			Outside: []string{"pgregory.net/rapid"},
		},
		{Folder: "reports", Module: append(slices.Clone(shown), "reports/measure", "reports/charts", "reports/film")},
		// Plots, of anything.
		{
			Folder: "reports/charts",
			Outside: []string{
				"gonum.org/v1/plot",
			},
		},
		// A film of a run shows what no trace holds: states, messages under way.
		{
			Folder: "reports/film",
			Module: append([]string{
				"protocols", "protocols/machine", "protocols/state", "network", "sim",
			}, shown...),
		},
		// The figures of reports: functions of histories and of what was seen.
		{Folder: "reports/measure", Pure: true, Module: []string{"checker/linear"}},
		{
			// What people act on are the nodes, links and choices of a world.
			Folder: "tui",
			Module: append(slices.Clone(shown), "protocols", "protocols/hint", "protocols/state", "network", "sim", "tui/course", "tui/timeline"),
			Outside: []string{
				"charm.land/bubbletea/v2", "charm.land/bubbles/v2/textinput", "charm.land/lipgloss/v2",
			},
		},
		{
			// The stepper's engine makes steps again in worlds, and acts in them.
			Folder: "tui/timeline",
			Module: append(slices.Clone(shown), "protocols", "protocols/machine", "protocols/state", "network", "sim"),
		},
		{
			// Runs that are no world's: those of models, and of real nodes.
			Folder: "tui/course",
			Module: []string{
				"protocols", "protocols/state", "sim", "sim/trace", "checker/explore", "tui/timeline",
			},
		},
		{
			Folder: "tui/command", Module: []string{"..."},
			Outside: []string{"github.com/spf13/cobra", "github.com/spf13/pflag"},
		},
	}
}

// standardPackages lists what cannot bring the machine in.
func standardPackages() []string {
	return []string{
		"bufio", "bytes", "cmp", "container/heap", "container/list", "context",
		"crypto/sha256", "encoding", "encoding/base64", "encoding/binary",
		"encoding/hex", "encoding/json", "errors", "fmt", "hash", "hash/crc32",
		"hash/fnv", "io", "iter", "maps", "math", "math/big", "math/bits", "reflect",
		"regexp", "slices", "sort", "strconv", "strings", "time", "unicode", "unicode/utf8",
	}
}

// bans lists what would bring it in through those packages.
func bans() []Ban {
	return []Ban{
		{
			Package: "time",
			Names: []string{
				"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick",
				"NewTimer", "NewTicker", "Local", "LoadLocation",
			},
			Instead: "take the time as an input, or set a timer by an effect",
		},
		{
			Package: "context",
			Names: []string{
				"WithTimeout", "WithTimeoutCause", "WithDeadline", "WithDeadlineCause", "AfterFunc",
			},
			Instead: "let the caller, who has a clock, end the context",
		},
		{
			Package: "fmt",
			Names: []string{
				"Print", "Printf", "Println", "Scan", "Scanf", "Scanln",
			},
			Instead: "take an io.Writer or io.Reader, or return the text",
		},
		{
			// Log, Exp and Pow have assembly on some processors and fused
			// products on others; the functions below are exact on all.
			Package: "math",
			Allowed: []string{
				"Abs", "Ceil", "Copysign", "FMA", "Float32bits", "Float32frombits",
				"Float64bits", "Float64frombits", "Floor", "Frexp", "Inf", "IsInf", "IsNaN",
				"Ldexp", "Max", "Min", "Mod", "Modf", "NaN", "Nextafter", "Round",
				"RoundToEven", "Signbit", "Sqrt", "Trunc",
			},
			Instead: "compute it from exact steps (integers, or + - / and rounded products): " +
				"its last bit differs from processor to processor",
		},
	}
}
