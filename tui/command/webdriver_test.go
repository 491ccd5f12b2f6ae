package command

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

// browser is a Chromium without a window, driven over the WebDriver protocol.
type browser struct {
	t       *testing.T
	session string // the URL of the session
}

// newBrowser starts one; the test is skipped where none is installed.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	driver, err := exec.LookPath("chromedriver")
	if err != nil {
		t.Skip("chromedriver is not installed (Debian: chromium chromium-driver): the pages are not looked at in a browser")
	}
	cmd := exec.Command(driver, "--port=0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	b := &browser{t: t, session: fmt.Sprintf("http://127.0.0.1:%s/session", portOf(t, out))}
	args := []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir=" + t.TempDir(),
	}
	var made struct{ SessionID string }
	b.call(http.MethodPost, "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"browserName": "chrome", "goog:chromeOptions": map[string]any{"args": args},
		"goog:loggingPrefs": map[string]string{"browser": "ALL"},
	}}}, &made)
	b.session += "/" + made.SessionID
	t.Cleanup(func() { b.call(http.MethodDelete, "", nil, nil) })
	return b
}

// portOf reads at which port the driver listens.
func portOf(t *testing.T, out io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(out)
	told := regexp.MustCompile(`successfully on port (\d+)`)
	for lines.Scan() {
		if match := told.FindStringSubmatch(lines.Text()); match != nil {
			go io.Copy(io.Discard, out)
			return match[1]
		}
	}
	t.Fatal("chromedriver does not tell its port")
	return ""
}

// call sends a command of the protocol and reads the value that it answers.
func (b *browser) call(method, path string, body, value any) {
	b.t.Helper()
	var data io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		data = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, b.session+path, data)
	if err != nil {
		b.t.Fatal(err)
	}
	client := http.Client{Timeout: 2 * time.Minute}
	response, err := client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %s: %s %v", method, path, response.Status, answer.Value, err)
	}
	if value != nil {
		if err := json.Unmarshal(answer.Value, value); err != nil {
			b.t.Fatalf("%s: %s: %v", path, answer.Value, err)
		}
	}
}

// open opens a page.
func (b *browser) open(url string) {
	b.t.Helper()
	b.call(http.MethodPost, "/url", map[string]any{"url": url}, nil)
}

// ask runs a piece of script, which returns a value.
func ask[T any](b *browser, script string) T {
	b.t.Helper()
	var value T
	b.call(http.MethodPost, "/execute/sync", map[string]any{"script": script, "args": []any{}}, &value)
	return value
}

// press presses keys, one after the other; those without a sign have a number of
// their own in the protocol.
func (b *browser) press(keys ...string) {
	b.t.Helper()
	var actions []map[string]any
	for _, key := range keys {
		actions = append(actions, map[string]any{"type": "keyDown", "value": key}, map[string]any{"type": "keyUp", "value": key})
	}
	b.call(http.MethodPost, "/actions", map[string]any{"actions": []any{
		map[string]any{"type": "key", "id": "keyboard", "actions": actions},
	}}, nil)
}

// The keys without a sign.
const (
	keyRight = "\ue014"
	keyHome  = "\ue011"
)

// devtools sends a command that only Chromium has.
func (b *browser) devtools(command string, parameters map[string]any) {
	b.t.Helper()
	b.call(http.MethodPost, "/goog/cdp/execute", map[string]any{"cmd": command, "params": parameters}, nil)
}

// screen sets the size of the screen, and whether it is dark or paper.
func (b *browser) screen(width, height int, dark bool, media string) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.devtools("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
	})
	b.devtools("Emulation.setEmulatedMedia", map[string]any{
		"media": media, "features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}},
	})
}

// errors returns what the page complained of.
func (b *browser) errors() []string {
	b.t.Helper()
	var entries []struct{ Level, Message string }
	b.call(http.MethodPost, "/se/log", map[string]any{"type": "browser"}, &entries)
	var messages []string
	for _, e := range entries {
		if e.Level == "SEVERE" || e.Level == "WARNING" {
			messages = append(messages, e.Message)
		}
	}
	return messages
}

// keep writes a picture of the page where BROWSER_PICTURES says, for people.
func (b *browser) keep(name string) {
	folder := os.Getenv("BROWSER_PICTURES")
	if folder == "" {
		return
	}
	var picture string
	b.call(http.MethodGet, "/screenshot", nil, &picture)
	data, err := base64.StdEncoding.DecodeString(picture)
	if err == nil {
		err = os.WriteFile(folder+"/"+name+".png", data, 0o666)
	}
	if err != nil {
		b.t.Error(err)
	}
}
