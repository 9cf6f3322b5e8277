using System.Text.Json;
using System.Text.Json.Nodes;
using HipaaFs.Cli.Policies;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Cli.Tests.Policies;

/// <summary>docs/policy.schema.json and the reader say the same of every form.</summary>
public sealed class PolicySchemaTests
{
    private const string Validate =
        """
        import json, sys
        from jsonschema import Draft202012Validator
        schema = json.load(open(sys.argv[1]))
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        verdicts = []
        for document in json.load(open(sys.argv[2])):
            error = next(validator.iter_errors(document), None)
            verdicts.append("" if error is None else f"{error.json_path}: {error.message[:200]}")
        print(json.dumps(verdicts))
        """;

    private static readonly string SchemaPath = Path.Combine(PolicyText.Repository(), "docs", "policy.schema.json");

    /// <summary>Changes of the example that a schema sees: what is there, and what stands there instead.</summary>
    private static readonly (string Old, string New)[] BrokenForms =
    [
        ("version: 1\n", "version: '1'\n"),
        ("version: 1\n", ""),
        ("currency: EUR", "currency: euro"),
        ("currency: EUR", "currency: EUR\nbudgets: {}"),
        ("  region: eu-de\n\nstores", "  region: 7\n\nstores"),
        ("  region: eu-de\n\nstores", "  rejion: eu-de\n\nstores"),
        ("  ceph-b:\n", "  Ceph B:\n"),
        ("  ceph-b:\n", "  none:\n"),
        ("    url: \"azblob://genomesnl/research\"\n", ""),
        ("    url: \"azblob://genomesnl/research\"\n", "    url: 5\n"),
        ("    url: \"azblob://genomesnl/research\"\n", "    url: \"ftp://genomesnl/research\"\n"),
        ("    region: eu-nl\n", ""),
        ("    region: eu-nl\n", "    region: eu-nl\n    baa: \" \"\n"),
        ("    region: eu-nl\n", "    region: eu-nl\n    baa: ~\n"),
        ("    region: eu-nl\n", "    region: eu-nl\n    baa: true\n"),
        ("    region: eu-nl\n", "    region: eu-nl\n    bucket: x\n"),
        ("egress: 0.08", "egress: '0.08'"),
        ("egress: 0.08", "egress: -0.08"),
        ("egress: 0.08", "egress: 1000000000"),
        ("cool: 30,", "cool: 30.5,"),
        ("cool: 30,", "cool: 3651,"),
        ("cool: 30,", "warm: 30,"),
        ("{standard: 0.02,", "{slow: 0.02,"),
        ("archive: {standard: 0.02, expedited: 0.12}", "archive: 0.02"),
        ("set_tier: 0.12", "settier: 0.12"),
        ("month: {money: 400}", "week: {money: 400}"),
        ("month: {money: 400}", "month: {money: 0}"),
        ("month: {money: 400}", "month: {}"),
        ("month: {money: 400}", "month: {bytes: 0}"),
        ("month: {money: 400}", "month: {bytes: 0KiB}"),
        ("month: {money: 400}", "month: {bytes: -5}"),
        ("month: {money: 400}", "month: {bytes: 5 GiB}"),
        ("month: {money: 400}", "month: {requests: 1.5}"),
        ("warn_at: 80%", "warn_at: 0.8"),
        ("stop: [recall]", "stop: recall"),
        ("stop: [recall]", "stop: [reads]"),
        ("stores: [ceph-a, ceph-b]", "stores: []"),
        ("stores: [ceph-a, ceph-b]", "stores: [ceph-a, ceph-a]"),
        ("windows: [\"20:00-06:00\"]", "windows: [\"20-6\"]"),
        ("windows: [\"20:00-06:00\"]", "windows: []"),
        ("bandwidth: 200MiB", "bandwidth: fast"),
        ("rpo: 1s,", ""),
        ("rpo: 1s", "rpo: 1"),
        ("clinical: {", "Clinical: {"),
        ("classification: phi", "classification: secret"),
        ("    primary: ceph-a\n", "    primary: [ceph-a]\n"),
        ("    primary: ceph-a\n", "    primary: none\n"),
        ("    primary: ceph-a\n", "    store: ceph-a\n"),
        ("- path: /genomes\n", "- path: genomes\n"),
        ("- path: /genomes\n", "- path: /genomes/\n"),
        ("- path: /genomes\n", "- path: /genomes/./x\n"),
        ("  - path: /genomes\n    domain: genomes\n", "  - domain: genomes\n"),
        ("    domain: genomes\n", "    domain: none\n"),
        ("bytes: 200TiB", "bytes: 200 TB of disk"),
        ("files: 1000000}", "files: 0}"),
        ("each_user: {bytes: 20TiB, files: 1000000}", "each_user: {}"),
        ("each_user: {bytes: 20TiB, files: 1000000}", "users: {\"a b\": {files: 1}}"),
        ("regions: [eu-de]", "regions: []"),
        ("regions: [eu-de]", "regions: eu-de"),
        ("regions: [eu-de]", "regions: [eu de]"),
        ("period: 10y", "period: 10"),
        ("period: 10y", "period: 10y, until: 2030-01-01"),
        (", period: 10y", ""),
        ("mode: governance, ", ""),
        ("mode: governance", "mode: strict"),
        ("{store: ceph-b, mode: sync}", "{store: ceph-b, mode: sync, windows: [\"20:00-06:00\"]}"),
        ("{store: ceph-b, mode: sync}", "{mode: sync}"),
        ("{store: ceph-b, mode: sync}", "ceph-b"),
        ("on_open: recall", "on_open: wait"),
        ("keep_head: 1MiB", "keep_head: 0"),
        ("keep_head: 1MiB", "keep_tail: 1MiB"),
        ("/usr/bin/file", "bin/file"),
        ("/usr/bin/file", "/usr/bin/"),
        ("match: [\"*.fastq.gz\", \"*_R[12].fq.gz\"]", "match: \"*.gz\""),
        ("match: [\"*.fastq.gz\", \"*_R[12].fq.gz\"]", "match: [\"raw/*.gz\"]"),
        ("match: [\"*.fastq.gz\", \"*_R[12].fq.gz\"]", "match: []"),
        ("      - match: [\"*.fastq.gz\", \"*_R[12].fq.gz\"]\n", "      - match: [\"*\"]\n        regions: [eu-de]\n"),
        ("      - match: [\"*.fastq.gz\", \"*_R[12].fq.gz\"]\n", "      - match: [\"*\"]\n        retention: none\n"),
        ("      - match: [\"*.fastq.gz\", \"*_R[12].fq.gz\"]\n", "      - match: [\"*\"]\n        domain: x\n"),
        ("after: 1d, min_size: 1MiB", "after: 1, min_size: 1MiB"),
        ("after: 1d, min_size: 1MiB", "min_size: 1MiB"),
        ("{tier: archive, after: 365d, since: read}", "{after: 365d, since: read}"),
        ("after: 365d, since: read", "after: 365d, since: access"),
        ("consent_expires: 2046-12-31", "consent_expires: 31.12.2046"),
        ("consent_expires: 2046-12-31", "consent_expires: 2046-13-31"),
        ("defaults:\n", "defaults:\n  quota: {files: 1}\n"),
        ("defaults:\n", "defaults:\n  path: /\n"),
        ("defaults:\n", "defaults:\n  durability: both\n"),
    ];

    /// <summary>Changes of the example that only the reader sees: what is said of one thing contradicts another.</summary>
    private static readonly (string Old, string New)[] BrokenMeanings =
    [
        ("url: \"azblob://genomesnl/research\"", "url: \"azblob://x\""),
        ("url: \"azblob://genomesnl/research\"", "url: \"azblob://genomesde/archive\""),
        ("currency: EUR\n", ""),
        ("    primary: ceph-a\n", "    primary: ceph-c\n"),
        ("    primary: ceph-a\n", "    tier: hot\n"),
        ("stores: [ceph-a, ceph-b]", "stores: [ceph-a, azure-nl]"),
        ("classification: deidentified", "classification: limited"),
        ("{store: ceph-b, mode: sync}", "{store: azure-nl}"),
        ("{store: ceph-b, mode: sync}", "{store: ceph-a}"),
        ("recovery: research", "recovery: reserach"),
        ("after: 365d, since: read", "after: 90d, since: read"),
        ("regions: [eu-de]", "regions: [eu-nl]"),
        ("  region: eu-de\n\nstores", "  region: us-east\n\nstores"),
        ("rpo: 1s", "rpo: 0s"),
        ("warn_at: 80%", "warn_at: 100%"),
        ("period: 10y", "period: 0y"),
        ("consent_expires: 2046-12-31", "consent_expires: 2046-02-30"),
        ("\"*_R[12].fq.gz\"", "\"*_R[12.fq.gz\""),
        ("- path: /genomes\n", "- path: /genomes/research\n"),
    ];

    /// <summary>Changes of the example that nobody minds.</summary>
    private static readonly (string Old, string New)[] Sound =
    [
        ("version: 1", "version: 1"),
        ("defaults:\n", "defaults:\n  recovery: none\n  cost_class: none\n  retention: none\n  consent_expires: none\n  durability: remote\n  files: []\n"),
        ("keep_head: 1MiB", "keep_head: none"),
        ("keep_head: 1MiB", "keep_head: 1048576"),
        ("keep_head: 1MiB", "keep_head: 0.5GiB"),
        ("each_user: {bytes: 20TiB, files: 1000000}", "users: {1000: {bytes: 5}, jane.doe: {files: 7}}"),
        ("    domain: genomes\n", "    domain: genomes\n    budget: {day: {requests: 1, bytes: 1GB, money: 0.5}, stop: []}\n"),
        ("{mode: governance, grace: 1d, period: 10y}", "{mode: compliance, until: 2046-01-01}"),
        ("regions: [eu-de]", "regions: [\"eu-de\"]"),
        ("egress: 0.08", "egress: 0"),
    ];

    [Fact]
    public async Task Schema_EveryForm_HasTheVerdictOfTheReader()
    {
        (string Text, bool Reader, bool Schema)[] cases =
        [
            .. Sound.Select(change => (Change(change), true, true)),
            (PolicyText.Sound, true, true),
            .. BrokenForms.Select(change => (Change(change), false, false)),
            .. BrokenMeanings.Select(change => (Change(change), false, true)),
        ];

        string[] verdicts = await VerdictsAsync(cases.Select(one => one.Text));

        Assert.All(cases.Zip(verdicts), one =>
        {
            ((string text, bool reader, bool schema), string verdict) = one;
            Assert.True(reader == (PolicyText.Problems(text).Count == 0), $"reader: {string.Join('\n', PolicyText.Problems(text))}\n{text}");
            Assert.True(schema == (verdict.Length == 0), $"schema: {verdict}\n{text}");
        });
    }

    [Fact]
    public async Task Schema_MutationsThatTheReaderAccepts_AreAccepted()
    {
        string example = PolicyText.Example();
        var accepted = new List<string>();
        for (int seed = 0; seed < 1500; seed++)
        {
            var random = new Random(seed);
            string text = seed % 2 == 0 ? PolicyFuzzTests.MutateLetters(example, random) : PolicyFuzzTests.MutateLines([.. example.Split('\n')], random);
            if (IsSound(text))
            {
                accepted.Add(text);
            }
        }

        string[] verdicts = await VerdictsAsync(accepted);

        Assert.InRange(accepted.Count, 20, 1500);
        Assert.All(accepted.Zip(verdicts), one => Assert.True(one.Second.Length == 0, $"{one.Second}\n{one.First}"));
    }

    [Fact]
    public void Schema_Keys_AreThoseOfTheReader()
    {
        JsonNode schema = JsonNode.Parse(File.ReadAllText(SchemaPath))!;
        string[] rule = [PolicyReader.PathKey, .. PolicyFields.Heads(PolicyScopes.Directory | PolicyScopes.Tree)];

        Assert.Equal(PolicyReader.Keys, Keys(schema));
        Assert.Equal(PolicyReader.MoverKeys, Keys(schema["properties"]!["mover"]!));
        Assert.Equal(StoreReader.MostStores, schema["properties"]!["stores"]!["maxProperties"]!.GetValue<int>());
        Assert.Equal(PolicyReader.RecoveryKeys, Keys(Definition("recoveryClass")));
        Assert.Equal(StoreReader.Keys, Keys(Definition("store")));
        Assert.Equal(PriceReader.Keys, Keys(Definition("prices")));
        Assert.Equal(BudgetReader.Keys, Keys(Definition("budget")));
        Assert.Equal(BudgetReader.LimitKeys, Keys(Definition("budgetLimit")));
        Assert.Equal(QuotaReader.Keys, Keys(Definition("quota")));
        Assert.Equal(QuotaReader.LimitKeys, Keys(Definition("quotaLimit")));
        Assert.Equal(ReplicaReader.Keys, Keys(Definition("replica")));
        Assert.Equal(TransitionReader.Keys, Keys(Definition("transitions")["items"]!));
        Assert.Equal(RetentionReader.Keys, Keys(Definition("retention")["anyOf"]![1]!));
        Assert.Equal(rule, Keys(Definition("rule")));
        Assert.Equal(PolicyFields.Heads(PolicyScopes.Directory), Keys(Definition("defaults")));
        Assert.Equal([FilePatternReader.MatchKey, .. PolicyFields.Heads(PolicyScopes.Pattern)], Keys(Definition("files")["items"]!));

        JsonNode Definition(string name) => schema["$defs"]![name]!;

        static IEnumerable<string> Keys(JsonNode node) => node["properties"]!.AsObject().Select(static property => property.Key);
    }

    private static string Change((string Old, string New) change)
    {
        string example = PolicyText.Example();
        Assert.Contains(change.Old, example, StringComparison.Ordinal);
        int at = example.IndexOf(change.Old, StringComparison.Ordinal);
        return example[..at] + change.New + example[(at + change.Old.Length)..];
    }

    private static bool IsSound(string text)
    {
        var reading = new PolicyReading();
        try
        {
            return PolicyFile.Read(text, reading, PolicyText.Today) is not null && reading.Problems.Count == 0;
        }
        catch (CommandException newer) when (newer.Code == ExitCode.UnsupportedFormat)
        {
            return false;
        }
    }

    // What the schema says of each text: nothing, or where it is wrong.
    private static async Task<string[]> VerdictsAsync(IEnumerable<string> texts)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("hipaafs-schema-");
        try
        {
            ProcessOutcome found = await Shell.PythonAsync("import jsonschema; jsonschema.Draft202012Validator", directory.FullName);
            Assert.SkipUnless(found.ExitCode == 0, "needs python3-jsonschema");
            string documents = Path.Combine(directory.FullName, "documents.json");
            await File.WriteAllTextAsync(documents, new JsonArray([.. texts.Select(PolicyJson.Of)]).ToJsonString());
            ProcessOutcome outcome = await Shell.PythonAsync(Validate, directory.FullName, null, SchemaPath, documents);
            return JsonSerializer.Deserialize<string[]>(outcome.EnsureSucceeded().Text)!;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
