using HipaaFs.Cli.Policies;
using HipaaFs.Storage;
using Xunit;

namespace HipaaFs.Cli.Tests.Policies;

public sealed class PolicyReaderTests
{
    [Fact]
    public void Read_Example_EveryFieldIsThere()
    {
        PolicyDocument policy = PolicyText.Read(PolicyText.Example());

        Assert.Equal("EUR", policy.Currency);
        Assert.Equal("eu-de", policy.HostRegion!.Value.Value);
        Assert.Equal(["ceph-a", "ceph-b", "azure-de", "azure-nl"], policy.Stores.Select(store => store.Name));
        Assert.Equal(["ceph-a", "ceph-b"], policy.MetadataStores!.Select(store => store.Value));
        Assert.Equal(200L << 20, policy.Mover!.BytesPerSecond);
        Assert.Equal("20:00-06:00", Assert.Single(policy.Mover.Windows).ToString());
        Assert.Equal(new RecoveryClass("clinical", TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)), policy.RecoveryClasses["clinical"]);
        Assert.Equal(["/genomes", "/genomes/patients", "/genomes/patients/raw", "/genomes/research"], policy.Rules.Select(rule => rule.Path));
    }

    [Fact]
    public void Read_Store_HasItsUrlAgreementPricesAndBudget()
    {
        PolicyStore store = PolicyText.Read(PolicyText.Example()).FindStore("azure-de")!;

        Assert.Equal(StoreScheme.AzureBlob, store.Url!.Scheme);
        Assert.Equal("eu-de", store.Region);
        Assert.Equal("Microsoft HIPAA BAA, accepted 2026-03-02", store.Baa);
        StorePrices prices = store.Prices!.Value.Value;
        Assert.Equal(0.002m, prices.Storage[StorageTier.Archive]);
        Assert.Equal(0.12m, prices.Requests[StoreVerb.SetTier]);
        Assert.Equal(0.03m, prices.Retrieval[StorageTier.Cold]);
        Assert.Equal(0.12m, prices.ArchiveRetrieval[RestoreSpeed.Expedited]);
        Assert.Equal(0.08m, prices.Egress);
        Assert.Equal(180, prices.MinimumDays[StorageTier.Archive]);
        Assert.Equal(400m, store.Budget!.Month!.Money!.Value.Value);
        Assert.Equal(0.8, store.Budget.WarnAt);
        Assert.Equal([BudgetStop.Recall], store.Budget.Stop);
        Assert.False(PolicyText.Read(PolicyText.Example()).FindStore("azure-nl")!.HasBaa);
    }

    [Theory]
    [InlineData("version: 2", "layout 2 is newer than 1")]
    [InlineData("version: 999999", "layout 999999 is newer than 1")]
    public void Read_NewerLayout_IsUnsupported(string text, string expected)
    {
        CommandException failure = Assert.Throws<CommandException>(() => PolicyText.Problems(text));

        Assert.Equal(ExitCode.UnsupportedFormat, failure.Code);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "1:1: the file is empty")]
    [InlineData("# nothing\n", "1:1: the file is empty")]
    [InlineData("- a\n", "1:1: expected 'key: value' lines")]
    [InlineData("version: 1\n---\nversion: 1\n", "2:1: a second document has no meaning here")]
    [InlineData("version: 1\nversion: 1\n", "2:1: version: set a second time, first in line 1")]
    [InlineData("? [a, b]\n: c\n", "1:3: a key must be a plain word")]
    [InlineData("version: &x 1\n", "1:10: anchors and tags have no meaning here; write the value itself")]
    [InlineData("version: !!int 1\n", "1:10: anchors and tags have no meaning here; write the value itself")]
    [InlineData("version: *x\n", "1:10: aliases have no meaning here; write the value itself")]
    [InlineData("version: 1\nhost: 'open\n", "2:7: no valid YAML: While scanning a quoted scalar, found unexpected end of stream.")]
    [InlineData("version: 1\nstoers: {}\n", "2:1: stoers: no such setting; did you mean stores?")]
    [InlineData("version: 1\nquite_another_thing: {}\n", "2:1: quite_another_thing: no such setting")]
    [InlineData("version: 0\n", "1:10: version: '0' must be from 1 to 1")]
    [InlineData("version: '1'\n", "1:10: version: '1' must be written without quotes")]
    [InlineData("host: {region: x}\n", "1:1: version: missing")]
    [InlineData("version: 1\n", "1:1: stores: missing")]
    [InlineData("version: 1\nstores: {}\n", "2:9: stores: expected at least one store")]
    [InlineData("version: 1\nstores: a\n", "2:9: stores: expected 'key: value' lines")]
    [InlineData("version: 1\nhost:\n", "2:6: host: expected 'key: value' lines")]
    [InlineData("version: 1\ncurrency: 5\n", "2:11: currency: '5' is no currency; write its three capitals, as EUR")]
    [InlineData("version: 1\ncurrency: ~\n", "2:11: currency: has no value")]
    public void Read_TextThatIsNoPolicy_SaysWhereAndWhy(string text, string expected)
    {
        Assert.Contains(expected, PolicyText.Problems(text));
    }

    [Theory]
    [InlineData("A: {url: 's3://bucket', region: x}", "stores: 'A' is no name; write up to 32 small letters, digits and hyphens, a letter first")]
    [InlineData("a: {region: x}", "stores.a.url: missing")]
    [InlineData("a: {url: 's3://bucket'}", "stores.a.region: missing")]
    [InlineData("a: {url: 's3://bucket', region: x, bba: y}", "stores.a.bba: no such setting; did you mean baa?")]
    [InlineData("a: {url: 'ftp://bucket', region: x}", "stores.a.url: is no store: there is no kind of store called 'ftp'; known are file, s3 and azblob")]
    [InlineData("a: {url: 's3://key:secret@bucket', region: x}", "stores.a.url: is no store: a store URL carries no credentials; use the provider's own credential sources")]
    [InlineData("a: {url: 'memory:', region: x}", "stores.a.url: is no store: what is in memory is gone with the mount")]
    [InlineData("a: {url: [1], region: x}", "stores.a.url: expected the URL of a store")]
    [InlineData("a: {url: 's3://bucket', region: 7}", "stores.a.region: '7' is no region; write up to 64 letters, digits, hyphens and underscores, a letter first")]
    [InlineData("a: {url: 's3://bucket', region: 'true'}", null)]
    [InlineData("a: {url: 's3://bucket', region: true}", "stores.a.region: 'true' needs quotes, without them it is no text in YAML")]
    [InlineData("a: {url: 's3://bucket', region: x, baa: 2026}", "stores.a.baa: '2026' needs quotes, without them it is no text in YAML")]
    [InlineData("a: {url: 's3://bucket', region: x, baa: ''}", "stores.a.baa: '' is empty")]
    [InlineData("a: {url: 's3://bucket', region: x, baa: none}", "stores.a.baa: 'none' is no agreement; leave the key out where there is none")]
    [InlineData("a: {url: 's3://bucket', region: x, baa: '-'}", "stores.a.baa: '-' is empty")]
    [InlineData("a: {url: 's3://bucket', region: x, prices: {storage: {warm: 1}}}", "stores.a.prices.storage.warm: no such setting")]
    [InlineData("a: {url: 's3://bucket', region: x, prices: {egress: -1}}", "stores.a.prices.egress: '-1' is no price; write a number such as 0.023")]
    [InlineData("a: {url: 's3://bucket', region: x, prices: {egress: '1'}}", "stores.a.prices.egress: '1' must be written without quotes")]
    [InlineData("a: {url: 's3://bucket', region: x, prices: {egress: 1000000000}}", "stores.a.prices.egress: '1000000000' is no price; it must be below 1000000000")]
    [InlineData("a: {url: 's3://bucket', region: x, prices: {requests: {head: 1}}}", "stores.a.prices.requests.head: no such setting; did you mean read?")]
    [InlineData("a: {url: 's3://bucket', region: x, prices: {retrieval: {archive: 1}}}", "stores.a.prices.retrieval.archive: expected 'key: value' lines")]
    [InlineData("a: {url: 's3://bucket', region: x, prices: {retrieval: {archive: {slow: 1}}}}", "stores.a.prices.retrieval.archive.slow: no such setting")]
    [InlineData("a: {url: 's3://bucket', region: x, prices: {minimum_days: {cool: 1.5}}}", "stores.a.prices.minimum_days.cool: '1.5' is no whole number")]
    [InlineData("a: {url: 's3://bucket', region: x, budget: {}}", "stores.a.budget: expected 'day', 'month' or both")]
    [InlineData("a: {url: 's3://bucket', region: x, budget: {day: {}}}", "stores.a.budget.day: expected a limit: requests, bytes, money")]
    [InlineData("a: {url: 's3://bucket', region: x, budget: {day: {requests: 0}}}", "stores.a.budget.day.requests: '0' must be from 1 to 9223372036854775807")]
    [InlineData("a: {url: 's3://bucket', region: x, budget: {day: {bytes: 0}}}", "stores.a.budget.day.bytes: '0' must be above 0")]
    [InlineData("a: {url: 's3://bucket', region: x, budget: {day: {money: 0}}}", "stores.a.budget.day.money: '0' must be above 0")]
    [InlineData("a: {url: 's3://bucket', region: x, budget: {day: {bytes: 1GiB}, warn_at: 100%}}", "stores.a.budget.warn_at: '100%' must be below 100%")]
    [InlineData("a: {url: 's3://bucket', region: x, budget: {day: {bytes: 1GiB}, warn_at: 0.8}}", "stores.a.budget.warn_at: '0.8' is no share; write 80%")]
    [InlineData("a: {url: 's3://bucket', region: x, budget: {day: {bytes: 1GiB}, stop: [reading]}}", "stores.a.budget.stop: 'reading' must be one of replication, recall")]
    public void Read_Store_RefusesWhatMakesNoSense(string store, string? expected)
    {
        string text = $"version: 1\ncurrency: EUR\ndefaults: {{placement: {{primary: a}}, classification: public}}\nstores:\n  {store}\n";

        IReadOnlyList<string> problems = [.. PolicyText.Problems(text).Where(problem => problem.StartsWith("5:", StringComparison.Ordinal))];

        Assert.Equal(expected, problems.Count == 0 ? null : Assert.Single(problems).Split(": ", 2)[1]);
    }

    [Fact]
    public void Read_UrlWithASecret_DoesNotRepeatIt()
    {
        string text = PolicyText.Sound.Replace("s3://bucket-a", "s3://AKIA:hush@bucket-a", StringComparison.Ordinal);

        Assert.DoesNotContain("hush", Assert.Single(PolicyText.Problems(text)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("path: genomes", "14:11: rules.path: 'genomes' is no path in the volume; it begins with '/', which is the volume's root")]
    [InlineData("path: /a/", "14:11: rules.path: '/a/' must be written in full: no '.', no '..', no '/' twice or at the end")]
    [InlineData("path: /a/../b", "14:11: rules.path: '/a/../b' must be written in full: no '.', no '..', no '/' twice or at the end")]
    [InlineData("path: \"/a\\0b\"", "14:11: rules.path: '/a\\x00b' holds control characters")]
    [InlineData("domain: x", "14:5: rules.path: missing")]
    [InlineData("{path: /a, doman: x}", "14:16: rules.doman: no such setting; did you mean domain?")]
    [InlineData("{path: /a, domain: X}", "14:24: domain: 'X' is no name; write up to 32 small letters, digits and hyphens, a letter first")]
    [InlineData("{path: /a, domain: none}", "14:24: domain: 'none' is no name; it stands for nothing")]
    [InlineData("{path: /a, classification: secret}", "14:32: classification: 'secret' must be one of phi, limited, deidentified, public")]
    [InlineData("{path: /a, classification: [phi]}", "14:32: classification: expected one value")]
    [InlineData("{path: /a, regions: []}", "14:25: regions: expected a list of at least one")]
    [InlineData("{path: /a, regions: eu}", "14:25: regions: expected a list of at least one")]
    [InlineData("{path: /a, retention: 10y}", "14:27: retention: expected 'key: value' lines")]
    [InlineData("{path: /a, retention: {period: 10y}}", "14:27: retention.mode: missing")]
    [InlineData("{path: /a, retention: {mode: governance}}", "14:27: retention: expected either 'period' or 'until'")]
    [InlineData("{path: /a, retention: {mode: governance, period: 1y, until: 2030-01-01}}", "14:27: retention: expected either 'period' or 'until'")]
    [InlineData("{path: /a, retention: {mode: governance, period: 10}}", "14:54: retention.period: '10' is no period; write 10y or 90d")]
    [InlineData("{path: /a, retention: {mode: governance, period: 201y}}", "14:54: retention.period: '201y' must be from 1d to 200y")]
    [InlineData("{path: /a, retention: {mode: governance, until: 2030-02-30}}", "14:53: retention.until: '2030-02-30' is no day; write year, month and day, as 2031-05-01")]
    [InlineData("{path: /a, consent_expires: 1.5.2031}", "14:33: consent_expires: '1.5.2031' is no day; write year, month and day, as 2031-05-01")]
    [InlineData("{path: /a, placement: {store: a}}", "14:28: placement.store: no such setting")]
    [InlineData("{path: /a, placement: {tier: warm}}", "14:34: placement.tier: 'warm' must be one of hot, cool, cold, archive")]
    [InlineData("{path: /a, placement: a}", "14:27: placement: expected 'key: value' lines")]
    [InlineData("{path: /a, placement: {replicas: [b]}}", "14:39: placement.replicas: expected 'key: value' lines")]
    [InlineData("{path: /a, placement: {replicas: [{mode: sync}]}}", "14:39: placement.replicas.store: missing")]
    [InlineData("{path: /a, placement: {replicas: [{store: b, mode: later}]}}", "14:56: placement.replicas.mode: 'later' must be one of async, sync")]
    [InlineData("{path: /a, placement: {replicas: [{store: b, mode: sync, windows: ['20:00-06:00']}]}}", "14:71: placement.replicas.windows: a sync replica gets data at once; windows are for async ones")]
    [InlineData("{path: /a, placement: {replicas: [{store: b, windows: ['20-6']}]}}", "14:60: placement.replicas.windows: '20-6' is no window; write 20:00-06:00 or mon-fri 20:00-06:00, in UTC")]
    [InlineData("{path: /a, placement: {replicas: [{store: b, windows: ['20:00-20:00']}]}}", "14:60: placement.replicas.windows: '20:00-20:00' begins and ends at the same minute; write 00:00-24:00 for all day")]
    [InlineData("{path: /a, transitions: [{after: 1d}]}", "14:30: transitions: expected 'tier', 'store' or both")]
    [InlineData("{path: /a, transitions: [{tier: cool}]}", "14:30: transitions.after: missing")]
    [InlineData("{path: /a, transitions: [{tier: cool, after: 30}]}", "14:50: transitions.after: '30' is no length of time; write 30s, 5m, 12h or 30d")]
    [InlineData("{path: /a, transitions: [{tier: cool, after: 1s}]}", "14:50: transitions.after: '1s' must be from 1 min 0 s to 36500 d 0 h")]
    [InlineData("{path: /a, transitions: [{tier: cool, after: 1d, since: open}]}", "14:61: transitions.since: 'open' must be one of write, read")]
    [InlineData("{path: /a, transitions: [{tier: cool, after: 1d, min_size: big}]}", "14:64: transitions.min_size: 'big' is no size; write 512MiB, 10GiB or a number of bytes")]
    [InlineData("{path: /a, archive: {on_open: wait}}", "14:35: archive.on_open: 'wait' must be one of fail, recall, block")]
    [InlineData("{path: /a, archive: {keep_head: 0}}", "14:37: archive.keep_head: '0' must be above 0")]
    [InlineData("{path: /a, archive: {blocked_programs: [bin/x]}}", "14:45: archive.blocked_programs: 'bin/x' is neither the name nor the absolute path of a program")]
    [InlineData("{path: /a, durability: both}", "14:28: durability: 'both' must be one of local, remote")]
    [InlineData("{path: /a, quota: {}}", "14:23: quota: expected a limit: bytes, files, each_user, users")]
    [InlineData("{path: /a, quota: {bytes: 0}}", "14:31: quota.bytes: '0' must be above 0")]
    [InlineData("{path: /a, quota: {bytes: -1}}", "14:31: quota.bytes: '-1' is no size; write 512MiB, 10GiB or a number of bytes")]
    [InlineData("{path: /a, quota: {files: 0}}", "14:31: quota.files: '0' must be from 1 to 9223372036854775807")]
    [InlineData("{path: /a, quota: {each_user: {}}}", "14:35: quota.each_user: expected 'bytes', 'files' or both")]
    [InlineData("{path: /a, quota: {users: {'a b': {files: 1}}}}", "14:32: quota.users: 'a b' is neither a user's name nor a number")]
    [InlineData("{path: /a, files: [{match: '*.gz'}]}", "14:32: files.match: expected a list of at least one")]
    [InlineData("{path: /a, files: [{match: ['a/b']}]}", "14:33: files.match: 'a/b' is no pattern of file names; it is matched against a name, not a path")]
    [InlineData("{path: /a, files: [{match: ['[a']}]}", "14:33: files.match: '[a' has a '[' without its ']', or with a range that ends before it begins")]
    [InlineData("{path: /a, files: [{tier: cool}]}", "14:24: files.match: missing")]
    public void Read_Rule_RefusesWhatMakesNoSense(string rule, string expected)
    {
        Assert.Contains(expected, PolicyText.Problems(PolicyText.Sound + "rules:\n  - " + rule + "\n"));
    }

    [Theory]
    [InlineData("domain: x")]
    [InlineData("regions: [eu-de]")]
    [InlineData("retention: none")]
    [InlineData("classification: public")]
    [InlineData("archive: {on_open: fail}")]
    [InlineData("quota: {files: 1}")]
    [InlineData("files: []")]
    public void Read_PatternThatSetsWhatBelongsToDirectories_IsRefused(string field)
    {
        string key = field.Split(':')[0];

        Assert.Equal(
            [$"15:30: files.{key}: belongs to directories; a name pattern sets placement, transitions, cost_class only"],
            PolicyText.Problems(PolicyText.Sound + "rules:\n  - path: /a\n    files: [{match: ['*.x'], " + field + "}]\n"));
    }

    [Theory]
    [InlineData("quota: {files: 1}", "quota")]
    [InlineData("budget: {day: {requests: 1}}", "budget")]
    [InlineData("path: /", "path")]
    public void Read_DefaultsWithWhatBelongsToRules_IsRefused(string field, string key)
    {
        string text = PolicyText.With($"defaults:\n  placement: {{primary: a}}\n  {field}\n");

        Assert.Equal([$"13:3: defaults.{key}: stands in rules only; write one for '/'"], PolicyText.Problems(text));
    }

    [Fact]
    public void Read_SeveralMistakes_ReportsAllInTheOrderOfTheFile()
    {
        const string text =
            """
            version: 1
            currancy: EUR
            stores:
              a: {url: "s3://bucket", region: eu-de, baa: yes it has}
              b: {url: "s3:/bucket", region: eu-de}
            defaults:
              placement: {primary: c}
            rules:
              - path: /x
                classification: secret
                retention: {mode: compliance}
              - path: relative
                placement: {replicas: [{store: a, tier: warm}]}
            """;

        Assert.Equal(
            [
                "2:1: currancy: no such setting; did you mean currency?",
                "5:12: stores.b.url: is no store: two slashes follow the scheme of a store URL",
                "7:24: placement.primary: there is no store 'c'; did you mean a?",
                "10:21: classification: 'secret' must be one of phi, limited, deidentified, public",
                "11:16: retention: expected either 'period' or 'until'",
                "12:11: rules.path: 'relative' is no path in the volume; it begins with '/', which is the volume's root",
                "13:45: placement.replicas.tier: 'warm' must be one of hot, cool, cold, archive",
            ],
            PolicyText.Problems(text));
    }

    [Fact]
    public void Read_DirectoryWithTwoRules_IsRefused()
    {
        Assert.Equal(
            ["15:11: rules.path: /a has a rule already, in line 14"],
            PolicyText.Problems(PolicyText.Sound + "rules:\n  - path: /a\n  - path: /a\n"));
    }

    [Fact]
    public void Read_ControlCharactersInAKey_DoNotReachTheTerminal()
    {
        Assert.Contains("1:1: \\x1b[2J: no such setting", PolicyText.Problems("\"\\e[2J\": 1\n"));
    }

    [Fact]
    public void Read_DeepNesting_IsRefused()
    {
        string text = "a: " + new string('[', 5000) + new string(']', 5000);

        Assert.Contains("1:36: nested more than 32 levels deep", PolicyText.Problems(text));
    }

    [Fact]
    public void Decode_NoUtf8_SaysWhere()
    {
        var reading = new PolicyReading();

        Assert.Null(PolicyFile.Decode([.. "version: 1\nab"u8, 0xff, (byte)'\n'], reading));
        Assert.Equal("policy.yaml:2:3: no UTF-8", Assert.Single(reading.Problems).In("policy.yaml"));
    }

    [Fact]
    public void Decode_ByteOrderMark_IsNoPartOfTheText()
    {
        Assert.Equal("version: 1", PolicyFile.Decode([0xef, 0xbb, 0xbf, .. "version: 1"u8], new PolicyReading()));
    }
}
