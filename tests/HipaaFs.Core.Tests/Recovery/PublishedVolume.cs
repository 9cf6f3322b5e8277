using HipaaFs.Crypto;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Recovery;

/// <summary>A volume that has published, what tests of its store do with it, and what they ask of it.</summary>
internal static class PublishedVolume
{
    /// <summary>Makes a volume with the files "a", "a1", "a2" and so on, of one byte 1, that published them.</summary>
    public static async Task<TestVolume> CreateAsync(TestVolumeOptions? options = null, int files = 1)
    {
        TestVolume test = await TestVolume.CreateAsync(options);
        for (int i = 0; i < files; i++)
        {
            await test.FileSystem.PutAsync(i == 0 ? "a" : $"a{i}", [1]);
        }

        await test.DrainAsync();
        return test;
    }

    /// <summary>Writes a file and publishes it.</summary>
    public static async Task PublishAsync(this TestVolume test, string name, byte[] content)
    {
        await test.FileSystem.PutAsync(name, content);
        await test.DrainAsync();
    }

    /// <summary>Asserts that the closed volume does not open for writing, and why.</summary>
    public static async Task<VolumeException> AssertRefusedAsync(this TestVolume test, VolumeFailure why = VolumeFailure.Refused)
    {
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => test.OpenAsync());
        Assert.Equal(why, refused.Failure);
        return refused;
    }

    /// <summary>Gives the closed volume's ring a second key and with that a new generation. The key's file is of <paramref name="scratch"/>.</summary>
    public static async Task<FileKeyWrapper> AddKeyAsync(this TestVolume test, ScratchDirectory scratch)
    {
        FileKeyWrapper added = FileKeyWrapper.Create(scratch["key"]).Value!;
        await KeyAdministration.AddWrapAsync(test.Options, test.Key, added, "second", default);
        return added;
    }

    /// <summary>The objects of the change stream in the store, oldest first.</summary>
    public static string[] Streams(this TestVolume test) => Objects(test, "stream");

    /// <summary>The generations of the ring in the store, oldest first.</summary>
    public static string[] Rings(this TestVolume test) => Objects(test, "keyring");

    /// <summary>The claims of sessions in the store, oldest first.</summary>
    public static string[] Claims(this TestVolume test) => Objects(test, "session");

    /// <summary>Whether an object of the change stream begins a chain.</summary>
    public static bool IsFull(string stream) => stream.EndsWith("-full", StringComparison.Ordinal);

    /// <summary>The ring that the volume has on this machine.</summary>
    public static byte[] ReadLocalRing(this TestVolume test) => File.ReadAllBytes(VolumeOptions.RingPath(test.VolumeDirectory));

    private static string[] Objects(TestVolume test, string kind)
    {
        string[] paths = Directory.GetFiles(Path.Combine(test.StoreDirectory, kind));
        Array.Sort(paths, StringComparer.Ordinal);
        return paths;
    }
}
