// SPDX-License-Identifier: Apache-2.0
// A session of an editor's own client library with `saker lsp`: every capability once, over the streams.
//
// usage: node lsp_session.mjs LIBRARY SAKER FOLDER
// LIBRARY is where npm installed vscode-languageserver-protocol, FOLDER an empty one for packs.  Output is TAP.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [library, saker, folder] = process.argv.slice(2);
const lsp = createRequire(pathToFileURL(library + "/"))("vscode-languageserver-protocol/node");

const base = `- list: shells
  items: [bash, sh]

- macro: started
  condition: evt.type = execve and proc.name in (shells)
`;
const local = `- rule: One
  desc: "\u{1f600} a shell"
  condition: >
    started
    and proc.cmdline contains "\u{1f600}" and proc.nmae = x
  output: shell (command=%proc.cmdline)
  priority: INFO
  tags: [host]

- macro: started
  condition: or evt.type = execveat
  override: {condition: append}
`;
mkdirSync(folder, { recursive: true });
writeFileSync(folder + "/base.yaml", base);
writeFileSync(folder + "/local.yaml", "on disk there is something else\n");
writeFileSync(folder + "/.saker", "base.yaml\nlocal.yaml\n");
const uri = (name) => pathToFileURL(folder + "/" + name).href;

let number = 0, failed = 0;
async function test(name, body) {
  number++;
  try {
    await body();
    console.log(`ok ${number} - ${name}`);
  } catch (error) {
    failed++;
    console.log(String(error.stack).replace(/^/gm, "# "));
    console.log(`not ok ${number} - ${name}`);
  }
}

const server = spawn(saker, ["lsp", "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const exited = new Promise((resolve) => server.on("exit", resolve));
const client = lsp.createProtocolConnection(
  new lsp.StreamMessageReader(server.stdout), new lsp.StreamMessageWriter(server.stdin));
const said = new Map();
let waiting = () => {};
client.onNotification(lsp.PublishDiagnosticsNotification.type, (params) => {
  said.set(params.uri, params);
  waiting();
});
let registered = [];
client.onRequest(lsp.RegistrationRequest.type, (params) => {
  registered = params.registrations.map((one) => one.method);
});
client.listen();

async function diagnostics(name, version) {
  for (;;) {
    const params = said.get(uri(name));
    if (params && (version === undefined || params.version === version)) return params.diagnostics;
    await new Promise((resolve) => { waiting = resolve; });
  }
}

let text = local;
let version = 1;
// The position of `|` in a mark whose rest stands in the text.
function at(mark, where = text) {
  const offset = where.indexOf(mark.replace("|", "")) + mark.indexOf("|");
  assert(where.includes(mark.replace("|", "")), mark);
  const before = where.slice(0, offset).split("\n");
  return { line: before.length - 1, character: before.at(-1).length };
}
const document = () => ({ textDocument: { uri: uri("local.yaml") } });
const place = (mark) => ({ ...document(), position: at(mark) });
const rangeOf = (word, where = text) => ({ start: at("|" + word, where), end: at(word + "|", where) });
async function type(mark, insert) {
  const position = at(mark);
  const lines = text.split("\n");
  version++;
  await client.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
    textDocument: { uri: uri("local.yaml"), version },
    contentChanges: [{ range: { start: position, end: position }, text: insert }],
  });
  lines[position.line] =
    lines[position.line].slice(0, position.character) + insert + lines[position.line].slice(position.character);
  text = lines.join("\n");
}
const labels = (list) => list.items.map((item) => item.label);

await test("a request before initialize is refused", async () => {
  await assert.rejects(client.sendRequest(lsp.HoverRequest.type, { ...document(), position: { line: 0, character: 0 } }),
    { code: -32002 });
});
await test("initialize tells what the server can do", async () => {
  const result = await client.sendRequest(lsp.InitializeRequest.type, {
    processId: process.pid, rootUri: pathToFileURL(folder).href, workspaceFolders: null,
    capabilities: {
      general: { positionEncodings: ["utf-16"] },
      workspace: { didChangeWatchedFiles: { dynamicRegistration: true } },
      textDocument: {
        completion: { completionItem: { snippetSupport: true } }, hover: { contentFormat: ["markdown", "plaintext"] },
        publishDiagnostics: { relatedInformation: true }, documentSymbol: { hierarchicalDocumentSymbolSupport: true },
      },
    },
  });
  assert.equal(result.capabilities.positionEncoding, "utf-16");
  assert.equal(result.capabilities.textDocumentSync.change, lsp.TextDocumentSyncKind.Incremental);
  for (const one of ["completion", "hover", "definition", "references", "documentHighlight", "rename", "documentSymbol",
    "workspaceSymbol", "documentFormatting", "codeAction"])
    assert(result.capabilities[one + "Provider"], one);
  await client.sendNotification(lsp.InitializedNotification.type, {});
});
await test("diagnostics are there after opening, at exact places", async () => {
  await client.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
    textDocument: { uri: uri("local.yaml"), languageId: "yaml", version, text },
  });
  const found = await diagnostics("local.yaml", 1);
  assert.equal(found.length, 1);
  assert.deepEqual(found[0].range, rangeOf("proc.nmae"));
  assert.equal(found[0].severity, lsp.DiagnosticSeverity.Error);
  assert.match(found[0].message, /did you mean 'proc.name'/);
  assert.match(found[0].relatedInformation[0].message, /in rule 'One'/);
  assert.equal(said.get(uri("base.yaml")), undefined);
});
await test("the client is asked to watch files", async () => {
  assert.deepEqual(registered, ["workspace/didChangeWatchedFiles"]);
});
await test("a quick fix changes the word that was meant", async () => {
  const actions = await client.sendRequest(lsp.CodeActionRequest.type,
    { ...document(), range: rangeOf("nmae"), context: { diagnostics: await diagnostics("local.yaml") } });
  assert.equal(actions.length, 1);
  assert.deepEqual(actions[0].edit.changes[uri("local.yaml")], [{ range: rangeOf("proc.nmae"), newText: "proc.name" }]);
});
await test("completion offers macros and fields of a condition", async () => {
  const list = await client.sendRequest(lsp.CompletionRequest.type, place("and proc.nm|ae"));
  assert(labels(list).includes("started") && labels(list).includes("proc.name"));
  const item = list.items.find((one) => one.label === "proc.aname[N]");
  assert.equal(item.insertTextFormat, lsp.InsertTextFormat.Snippet);
  assert.deepEqual(item.textEdit, { range: { start: at('" and |proc.nm'), end: at("proc.nm|ae") }, newText: "proc.aname[${1:N}]" });
});
await test("completion offers only operators that fit, as one types", async () => {
  await type("proc.nmae = x|", " and proc.pid ");
  const list = await client.sendRequest(lsp.CompletionRequest.type, place("and proc.pid |"));
  assert(labels(list).includes(">=") && !labels(list).includes("startswith"));
  await type("and proc.pid |", "> 1 and evt.type = o");
  assert(labels(await client.sendRequest(lsp.CompletionRequest.type, place("evt.type = o|"))).includes("openat"));
});
await test("completion offers fields in outputs, words and keys of items", async () => {
  assert(labels(await client.sendRequest(lsp.CompletionRequest.type, place("command=%proc.cmd|line"))).includes("proc.cmdline"));
  assert(labels(await client.sendRequest(lsp.CompletionRequest.type, place("priority: |INFO"))).includes("Critical"));
  assert(labels(await client.sendRequest(lsp.CompletionRequest.type, place("  pri|ority"))).includes("enabled"));
  assert(labels(await client.sendRequest(lsp.CompletionRequest.type, place("- ma|cro"))).includes("rule"));
});
await test("hover explains fields, operators and macros of other files", async () => {
  const value = async (mark) => (await client.sendRequest(lsp.HoverRequest.type, place(mark))).contents.value;
  assert.match(await value("%proc.cmd|line"), /string, thread scope/);
  assert.match(await value("cont|ains"), /has the text anywhere inside/);
  assert.match(await value("    start|ed\n"), /proc\.name in \(shells\)[^]*evt\.type = execveat/);
});
await test("definition leads into the other file, from a reference and from an append", async () => {
  const there = [{ uri: uri("base.yaml"), range: rangeOf("started", base) }];
  assert.deepEqual(await client.sendRequest(lsp.DefinitionRequest.type, place("    start|ed\n")), there);
  assert.deepEqual(await client.sendRequest(lsp.DefinitionRequest.type, place("macro: |started")), there);
});
await test("references and highlights are all places of the project and of the document", async () => {
  const places = await client.sendRequest(lsp.ReferencesRequest.type,
    { ...place("macro: |started"), context: { includeDeclaration: true } });
  assert.deepEqual(places.map((one) => one.uri), [uri("base.yaml"), uri("local.yaml"), uri("local.yaml")]);
  const highlights = await client.sendRequest(lsp.DocumentHighlightRequest.type, place("macro: |started"));
  assert.equal(highlights.length, 2);
});
await test("rename changes all files, or is refused", async () => {
  const prepared = await client.sendRequest(lsp.PrepareRenameRequest.type, place("macro: |started"));
  assert.equal(prepared.placeholder, "started");
  const edit = await client.sendRequest(lsp.RenameRequest.type, { ...place("macro: |started"), newName: "begun" });
  assert.deepEqual(edit.changes[uri("base.yaml")], [{ range: rangeOf("started", base), newText: "begun" }]);
  assert.equal(edit.changes[uri("local.yaml")].length, 2);
  await assert.rejects(client.sendRequest(lsp.RenameRequest.type, { ...place("macro: |started"), newName: "a b" }),
    { code: -32602 });
});
await test("symbols of the document and of the workspace are listed", async () => {
  const symbols = await client.sendRequest(lsp.DocumentSymbolRequest.type, document());
  assert.deepEqual(symbols.map((one) => one.name), ["One", "started"]);
  assert.deepEqual(symbols[0].selectionRange, rangeOf("One"));
  const all = await client.sendRequest(lsp.WorkspaceSymbolRequest.type, { query: "shells" });
  assert.equal(all[0].location.uri, uri("base.yaml"));
});
await test("formatting is that of saker fmt", async () => {
  await type("tags: [|host]", "a,    ");
  const edits = await client.sendRequest(lsp.DocumentFormattingRequest.type,
    { ...document(), options: { tabSize: 2, insertSpaces: true } });
  assert.equal(edits.length, 1);
  assert.match(edits[0].newText, /tags: \[a, host\]/);
});
await test("a mistake that is put right is gone with the next keystrokes", async () => {
  version++;
  text = local.replace("proc.nmae", "proc.name");
  await client.sendNotification(lsp.DidChangeTextDocumentNotification.type,
    { textDocument: { uri: uri("local.yaml"), version }, contentChanges: [{ text }] });
  assert.deepEqual(await diagnostics("local.yaml", version), []);
});
await test("a change on disk is seen", async () => {
  writeFileSync(folder + "/base.yaml", base.replace("macro: started", "macro: stopped"));
  said.delete(uri("local.yaml"));
  await client.sendNotification(lsp.DidChangeWatchedFilesNotification.type,
    { changes: [{ uri: uri("base.yaml"), type: lsp.FileChangeType.Changed }] });
  const found = await diagnostics("local.yaml");
  assert(found.some((one) => /no macro by that name/.test(one.message)));
});
await test("a request can be cancelled, and unknown ones are refused", async () => {
  const source = new lsp.CancellationTokenSource();
  const request = client.sendRequest(lsp.WorkspaceSymbolRequest.type, { query: "" }, source.token);
  source.cancel();
  // It is cancelled or was answered before; nothing else.
  await request.catch((error) => assert.equal(error.code, -32800));
  await assert.rejects(client.sendRequest("textDocument/moniker", place("macro: |started")), { code: -32601 });
});
await test("closing takes the diagnostics back", async () => {
  said.delete(uri("local.yaml"));
  await client.sendNotification(lsp.DidCloseTextDocumentNotification.type, document());
  assert.deepEqual(await diagnostics("local.yaml"), []);
});
await test("shutdown and exit end it with status 0", async () => {
  await client.sendRequest(lsp.ShutdownRequest.type);
  await client.sendNotification(lsp.ExitNotification.type);
  assert.equal(await exited, 0);
});
console.log(`1..${number}`);
process.exit(failed ? 1 : 0);
