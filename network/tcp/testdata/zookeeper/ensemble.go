//go:build zookeeper

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ensemble is three ZooKeeper servers on loopback, as Debian packages them, with
// the default way of forcing their logs.
type ensemble struct {
	processes []*exec.Cmd
	addresses []string
}

const zookeeperConfig = `tickTime=2000
initLimit=10
syncLimit=5
dataDir=%s
clientPort=%d
clientPortAddress=127.0.0.1
admin.enableServer=false
maxClientCnxns=0
4lw.commands.whitelist=*
server.1=127.0.0.1:%d:%d
server.2=127.0.0.1:%d:%d
server.3=127.0.0.1:%d:%d
`

const basePort = 22180

// startEnsemble starts the servers, with their data below dir, and waits until
// they serve.
func startEnsemble(dir string) (*ensemble, error) {
	jars, err := filepath.Glob("/usr/share/java/*.jar")
	if err != nil {
		return nil, err
	}
	e := &ensemble{}
	for id := 1; id <= 3; id++ {
		data := filepath.Join(dir, fmt.Sprint("zookeeper-", id))
		if err := os.MkdirAll(data, 0o755); err != nil {
			return e, err
		}
		port := basePort + id
		config := fmt.Sprintf(zookeeperConfig, data, port, 22281, 22381, 22282, 22382, 22283, 22383)
		file := filepath.Join(dir, fmt.Sprintf("zookeeper-%d.cfg", id))
		for name, content := range map[string]string{filepath.Join(data, "myid"): fmt.Sprintln(id), file: config} {
			if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
				return e, err
			}
		}
		log, err := os.Create(filepath.Join(dir, fmt.Sprintf("zookeeper-%d.log", id)))
		if err != nil {
			return e, err
		}
		command := exec.Command("java", "-Dzookeeper.log.dir="+dir, "-Xmx1000m",
			"-cp", "/etc/zookeeper/conf:"+classPath(jars), "org.apache.zookeeper.server.quorum.QuorumPeerMain", file)
		command.Stdout, command.Stderr = log, log
		if err := command.Start(); err != nil {
			return e, err
		}
		e.processes = append(e.processes, command)
		e.addresses = append(e.addresses, fmt.Sprintf("127.0.0.1:%d", port))
	}
	for _, address := range e.addresses {
		if err := await(address); err != nil {
			return e, err
		}
	}
	return e, nil
}

// classPath returns the jars that the Debian package's own scripts name.
func classPath(jars []string) string {
	environment, err := os.ReadFile("/etc/zookeeper/conf/environment")
	if err != nil {
		return strings.Join(jars, ":")
	}
	for line := range strings.Lines(string(environment)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "CLASSPATH="); ok {
			return strings.ReplaceAll(strings.Trim(value, `"`), "$ZOOCFGDIR", "/etc/zookeeper/conf")
		}
	}
	return strings.Join(jars, ":")
}

// await waits until a server opens sessions.
func await(address string) error {
	var err error
	for range 300 {
		var s *session
		if s, err = connect(address); err == nil {
			return s.conn.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%s does not serve after 30 s: %w", address, err)
}

func (e *ensemble) stop() {
	for _, p := range e.processes {
		p.Process.Kill()
		p.Wait()
	}
}
