// Checks receipts, growth and a directory of tiles of the hub's log with Go's own packages for the checksum database
// (golang.org/x/mod/sumdb/note and tlog): other people's code, written for another log of the same family.
//
//	crosscheck bundle BUNDLE POLICY
//	crosscheck receipt  < {"log": vkey, "witnesses": [vkey…], "entry": base64, "receipt": text}
//	crosscheck growth   < {"log": vkey, "old": note, "new": note, "proof": [base64…]}
//	crosscheck tiles DIRECTORY VKEY
//
// Prints one JSON object and exits 0 when everything holds; says what does not, and exits 1, otherwise.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const cosignatureV1 = 4

// cosigner verifies C2SP cosignature/v1, which the note package leaves to its callers.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

// verifier reads a vkey of either kind; nil for kinds that this program cannot check (ML-DSA).
func verifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("not a verifier key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) == 0 {
		return nil, errors.New("not a verifier key")
	}
	if key[0] == 1 {
		return note.NewVerifier(vkey)
	}
	if key[0] != cosignatureV1 || len(key) != 1+ed25519.PublicKeySize {
		return nil, nil
	}
	digest := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash := binary.BigEndian.Uint32(digest[:4])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, errors.New("the key's id does not belong to it")
	}
	return cosigner{parts[0], hash, key[1:]}, nil
}

func verifiers(vkeys []string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, vkey := range vkeys {
		one, err := verifier(vkey)
		if err != nil {
			return nil, err
		}
		if one != nil {
			list = append(list, one)
		}
	}
	return note.VerifierList(list...), nil
}

type checkpoint struct {
	tree   tlog.Tree
	signed []string
}

// open verifies the log's signature and every cosignature that claims a known key.
func open(text, log string, witnesses []string) (checkpoint, error) {
	known, err := verifiers(append([]string{log}, witnesses...))
	if err != nil {
		return checkpoint{}, err
	}
	opened, err := note.Open([]byte(text), known)
	if err != nil {
		return checkpoint{}, err
	}
	lines := strings.SplitN(opened.Text, "\n", 4)
	if len(lines) != 4 || lines[0] != strings.SplitN(log, "+", 2)[0] {
		return checkpoint{}, errors.New("the checkpoint is of another origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return checkpoint{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return checkpoint{}, err
	}
	found := checkpoint{tree: tlog.Tree{N: size, Hash: root}}
	for _, signature := range opened.Sigs {
		found.signed = append(found.signed, signature.Name)
	}
	if len(found.signed) == 0 || found.signed[0] != lines[0] {
		return checkpoint{}, errors.New("the log did not sign first")
	}
	return found, nil
}

func hashes(spelled []string) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(spelled))
	for at, text := range spelled {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return nil, err
		}
		list[at] = hash
	}
	return list, nil
}

type claimed struct {
	Log       string
	Witnesses []string
	Entry     []byte
	Receipt   string
}

func receipt() (any, error) {
	var given claimed
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return nil, err
	}
	return included(given)
}

func fromFile(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

// bundle checks the receipt of a whole bundle with the log and witnesses of a trust policy.
func bundle(path, policyPath string) (any, error) {
	var held struct{ Entry, Receipt string }
	var policy struct {
		Hub struct {
			LogVkey string `json:"log_vkey"`
		}
		Witnesses []string
		Quorum    int
	}
	if err := fromFile(path, &held); err != nil {
		return nil, err
	}
	if err := fromFile(policyPath, &policy); err != nil {
		return nil, err
	}
	entry, err := base64.RawURLEncoding.Strict().DecodeString(held.Entry)
	if err != nil {
		return nil, err
	}
	found, err := included(claimed{policy.Hub.LogVkey, policy.Witnesses, entry, held.Receipt})
	if err == nil && len(found["signed"].([]string)) < 1+policy.Quorum {
		err = errors.New("too few witnesses")
	}
	return found, err
}

func included(given claimed) (map[string]any, error) {
	head, rest, found := strings.Cut(given.Receipt, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		return nil, errors.New("not a tlog-proof")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return nil, errors.New("a tlog-proof without an index")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return nil, err
	}
	path, err := hashes(lines[1:])
	if err != nil {
		return nil, err
	}
	signed, err := open(rest, given.Log, given.Witnesses)
	if err != nil {
		return nil, err
	}
	err = tlog.CheckRecord(path, signed.tree.N, signed.tree.Hash, index, tlog.RecordHash(given.Entry))
	return map[string]any{"index": index, "size": signed.tree.N, "signed": signed.signed}, err
}

func growth() (any, error) {
	var given struct {
		Log, Old, New string
		Proof         []string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return nil, err
	}
	older, err := open(given.Old, given.Log, nil)
	if err != nil {
		return nil, err
	}
	newer, err := open(given.New, given.Log, nil)
	if err != nil {
		return nil, err
	}
	path, err := hashes(given.Proof)
	if err != nil {
		return nil, err
	}
	err = tlog.CheckTree(path, newer.tree.N, newer.tree.Hash, older.tree.N, older.tree.Hash)
	return map[string]any{"old": older.tree.N, "new": newer.tree.N}, err
}

// folder serves a C2SP tile directory, whose paths leave out the height that Go's layout names.
type folder string

func (f folder) Height() int                     { return 8 }
func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	contents := make([][]byte, len(tiles))
	for at, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		contents[at] = content
	}
	return contents, nil
}

func (f folder) entries(size int64) ([][]byte, error) {
	var all [][]byte
	for bundle := int64(0); bundle*256 < size; bundle++ {
		tile := tlog.Tile{H: 8, L: 0, N: bundle, W: 256}
		if rest := size - bundle*256; rest < 256 {
			tile.W = int(rest)
		}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		content, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		for len(content) > 0 {
			if len(content) < 2 || len(content) < 2+int(binary.BigEndian.Uint16(content)) {
				return nil, fmt.Errorf("%s is cut short", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(content))
			all = append(all, content[2:end])
			content = content[end:]
		}
	}
	return all, nil
}

// tiles re-derives the root from the entries, and proves each entry by the stored hash tiles.
func tiles(directory, log string) (any, error) {
	text, err := os.ReadFile(filepath.Join(directory, "checkpoint"))
	if err != nil {
		return nil, err
	}
	signed, err := open(string(text), log, nil)
	if err != nil {
		return nil, err
	}
	place := folder(directory)
	entries, err := place.entries(signed.tree.N)
	if err != nil {
		return nil, err
	}
	if int64(len(entries)) != signed.tree.N {
		return nil, fmt.Errorf("%d entries, but the checkpoint says %d", len(entries), signed.tree.N)
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for at, index := range indexes {
			found[at] = stored[index]
		}
		return found, nil
	})
	for at, entry := range entries {
		more, err := tlog.StoredHashes(int64(at), entry, reader)
		if err != nil {
			return nil, err
		}
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(signed.tree.N, reader)
	if err != nil {
		return nil, err
	}
	if root != signed.tree.Hash {
		return nil, errors.New("the entries do not lead to the signed root")
	}
	fromTiles := tlog.TileHashReader(signed.tree, place)
	for at, entry := range entries {
		path, err := tlog.ProveRecord(signed.tree.N, int64(at), fromTiles)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", at, err)
		}
		if err := tlog.CheckRecord(path, signed.tree.N, root, int64(at), tlog.RecordHash(entry)); err != nil {
			return nil, fmt.Errorf("entry %d: %w", at, err)
		}
	}
	return map[string]any{"size": signed.tree.N, "signed": signed.signed}, nil
}

func run(arguments []string) (any, error) {
	switch {
	case len(arguments) == 1 && arguments[0] == "receipt":
		return receipt()
	case len(arguments) == 3 && arguments[0] == "bundle":
		return bundle(arguments[1], arguments[2])
	case len(arguments) == 1 && arguments[0] == "growth":
		return growth()
	case len(arguments) == 3 && arguments[0] == "tiles":
		return tiles(arguments[1], arguments[2])
	}
	return nil, errors.New("usage: crosscheck bundle BUNDLE POLICY | receipt | growth | tiles DIRECTORY VKEY")
}

func main() {
	found, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(found)
}
