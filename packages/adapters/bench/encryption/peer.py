"""The file phase of iphone_backup_decrypt, for `bench/encryption.ts --peer`: peer.py BACKUP TARGET. Prints the seconds that it took."""
import sys
import time

from iphone_backup_decrypt import EncryptedBackup

backup, target = sys.argv[1:3]
opened = EncryptedBackup(backup_directory=backup, passphrase="correct horse")
opened.test_decryption()
since = time.perf_counter()
opened.extract_files(
    relative_paths_like="%", domain_like="MediaDomain", output_folder=target, preserve_folders=True
)
print(time.perf_counter() - since)
